"""Questions are answered by what is in sight."""

from __future__ import annotations

from random import Random

import PIL.Image
import pytest

from visualcrop import Budget, BudgetedModel, Image, Ledger, Question
from visualcrop.plugin import Registry, TargetExtractor
from visualcrop_tiny.questions import QUESTIONS, Sense, ask
from visualcrop_tiny.scenes import KINDS, plan
from visualcrop_tiny.scenes.words import plural
from visualcrop_tiny.speech.rehearsal import Listener


def _asked(kind, count=60):
    made = (ask(plan(seed, 2048, 2048, kind), Random(seed)) for seed in range(count))
    return [asked for asked in made if asked]


@pytest.mark.parametrize("kind", KINDS)
def test_the_answer_is_one_of_the_choices(kind):
    """Each question has two to four choices, all different, and its answer among them."""
    for asked in _asked(kind):
        assert asked.kind == kind
        assert asked.answer in asked.choices
        assert 2 <= len(set(asked.choices)) == len(asked.choices) <= 4


def test_a_relation_is_true():
    """Left is left, and above is above, by the centres of the boxes."""
    for asked in _asked("relation"):
        (x0, y0), (x1, y1) = (thing.box.centre for thing in asked.about)
        true = {"left": x0 < x1, "right": x0 > x1, "above": y0 < y1, "below": y0 > y1}
        assert true[asked.answer]


def test_a_count_counts():
    """The number is that of the things of the shape."""
    for seed in range(40):
        scene = plan(seed, 2048, 2048, "count")
        asked = ask(scene, Random(seed))
        if asked:
            shape = next(t.shape for t in scene.things if plural(t.shape) in asked.text)
            assert int(asked.answer) == sum(t.shape == shape for t in scene.things)


def test_existence_is_true_and_both_answers_occur():
    """Yes and No are about equally frequent, and right."""
    answers = []
    for seed in range(80):
        scene = plan(seed, 2048, 2048, "existence")
        asked = ask(scene, Random(seed))
        if asked:
            there = any(t.name in asked.text for t in scene.things)
            assert asked.answer == ("Yes" if there else "No")
            answers.append(asked.answer)
    assert 0.3 < answers.count("Yes") / len(answers) < 0.7


def test_wrong_colours_are_in_sight_too():
    """A guess from the colours of other things is wrong three times in four."""
    for seed in range(20):
        scene = plan(seed, 2048, 2048)
        asked = ask(scene, Random(seed))
        assert asked
        others = {t.colour for t in scene.things}
        assert len(set(asked.choices) - others) == max(0, 4 - len(others))


def test_what_is_half_in_sight_is_not_mentioned():
    """A shape that is hazy is never part of a question."""
    things = plan(5, 2048, 2048, "attribute").things
    hazy = things[0].shape
    sense = Sense(things[1:], frozenset([hazy]))
    for seed in range(200):
        for question in QUESTIONS.values():
            asked = question(sense, Random(seed))
            assert asked is None or hazy not in asked.text.replace("?", "").split()


@pytest.mark.parametrize("kind", ["attribute", "relation", "existence", "detail"])
def test_the_rules_find_the_targets(kind):
    """The rule-based extractor names what each question is about: it is the models' default."""
    rules = Registry.load().build(TargetExtractor, "rules")
    for seed in range(20):
        scene = plan(seed, 2048, 2048, kind)
        asked = ask(scene, Random(seed))
        if asked and asked.answer != "No":
            picture = Image(PIL.Image.new("RGB", (8, 8)))
            model = BudgetedModel(Listener(), Ledger(Budget()))
            targets = rules.extract(Question(asked.text, picture), model)
            assert [t.text.split()[-1] for t in targets] == [t.shape for t in asked.about]
