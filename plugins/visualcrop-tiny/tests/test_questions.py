"""Questions have the answers that the things in the scene give."""

from __future__ import annotations

from random import Random

import PIL.Image
import pytest

from training.prompts import PromptRecorder
from visualcrop import Budget, BudgetedModel, Image, Ledger, Question
from visualcrop.plugin import Registry, TargetExtractor
from visualcrop_tiny.questions import QUESTION_TYPES, QAPair, QuestionContext, ask_question
from visualcrop_tiny.scenes import KINDS, plan_scene, plural
from visualcrop_tiny.sentences import write_sentences


def _ask(kind, count=60):
    plans = (plan_scene(seed, 2048, 2048, kind) for seed in range(count))
    pairs = (ask_question(plan, Random(plan.seed)) for plan in plans)
    return [pair for pair in pairs if pair]


@pytest.mark.parametrize("kind", KINDS)
def test_the_answer_is_one_of_the_choices(kind):
    """Each question has two to four choices, all different, and its answer among them."""
    for pair in _ask(kind):
        assert pair.kind == kind
        assert pair.answer in pair.choices
        assert 2 <= len(set(pair.choices)) == len(pair.choices) <= 4


def test_a_relation_is_true():
    """Left is left, and above is above, by the centres of the boxes."""
    for pair in _ask("relation"):
        (x0, y0), (x1, y1) = (thing.box.centre for thing in pair.about)
        true = {"left": x0 < x1, "right": x0 > x1, "above": y0 < y1, "below": y0 > y1}
        assert true[pair.answer]


def test_a_count_counts():
    """The number is that of the things of the shape."""
    for seed in range(40):
        scene = plan_scene(seed, 2048, 2048, "count")
        pair = ask_question(scene, Random(seed))
        if pair:
            shape = next(t.shape for t in scene.things if plural(t.shape) in pair.text)
            assert int(pair.answer) == sum(t.shape == shape for t in scene.things)


def test_existence_is_true_and_both_answers_occur():
    """Yes and No are about equally frequent, and right."""
    answers = []
    for seed in range(80):
        scene = plan_scene(seed, 2048, 2048, "existence")
        pair = ask_question(scene, Random(seed))
        if pair:
            there = any(t.name in pair.text for t in scene.things)
            assert pair.answer == ("Yes" if there else "No")
            answers.append(pair.answer)
    assert 0.3 < answers.count("Yes") / len(answers) < 0.7


def test_wrong_colours_are_visible_too():
    """A guess from the colours of other things is wrong three times in four."""
    for seed in range(20):
        scene = plan_scene(seed, 2048, 2048)
        pair = ask_question(scene, Random(seed))
        assert pair
        others = {t.colour for t in scene.things}
        assert len(set(pair.choices) - others) == max(0, 4 - len(others))


def test_what_is_half_visible_is_not_mentioned():
    """A shape that is only partly visible is never part of a question."""
    things = plan_scene(5, 2048, 2048, "attribute").things
    ambiguous = things[0].shape
    context = QuestionContext(things[1:], frozenset([ambiguous]))
    for seed in range(200):
        for question in QUESTION_TYPES.values():
            pair = question(context, Random(seed))
            assert pair is None or ambiguous not in pair.text.replace("?", "").split()


@pytest.mark.parametrize("kind", ["attribute", "relation", "existence", "detail"])
def test_the_rules_find_the_targets(kind):
    """The rule-based extractor names what each question is about: it is the models' default."""
    rules = Registry.load().build(TargetExtractor, "rules")
    for seed in range(20):
        scene = plan_scene(seed, 2048, 2048, kind)
        pair = ask_question(scene, Random(seed))
        if pair and pair.answer != "No":
            picture = Image(PIL.Image.new("RGB", (8, 8)))
            model = BudgetedModel(PromptRecorder(), Ledger(Budget()))
            targets = rules.extract(Question(pair.text, picture), model)
            assert [t.text.split()[-1] for t in targets] == [t.shape for t in pair.about]


@pytest.mark.parametrize("kind", KINDS)
def test_each_choice_has_a_sentence_of_its_own(kind):
    """It has three words or more, and no other choice's; of one thing it speaks in the singular."""
    for pair in _ask(kind):
        sentences = write_sentences(pair)
        assert len(set(sentences)) == len(pair.choices)
        for choice, sentence in zip(pair.choices, sentences, strict=True):
            words = sentence.rstrip(".").replace(",", "").split()
            assert len(words) >= 3
            assert [other for other in pair.choices if other in words] == [choice]
            assert sentence.startswith(choice)
            assert words[:1] != ["1"] or kind != "count" or "is" in words


def test_sentences_read_as_written():
    """One of each kind of question, letter by letter."""
    cases = {
        "What colour is the ring?": ("red", "red is the colour of the ring."),
        "What is the color of the key?": ("red", "red is the color of the key."),
        "What digit is on the red plate?": ("7", "7 is the digit on the red plate."),
        "What is the digit on the plate?": ("7", "7 is the digit on the plate."),
        "Is the key on the left or right side of the ring?": (
            "left",
            "left of the ring is the key.",
        ),
        "Is the red key to the left or right of the ring?": (
            "right",
            "right of the ring is the red key.",
        ),
        "Is the key above or below the ring?": ("above", "above the ring is the key."),
        "How many keys are in the image?": ("1", "1 key is in the image."),
        "Is there an arrow in the image?": ("No", "No, there is no arrow in the image."),
        "Is there a red key in the image?": ("Yes", "Yes, there is a red key in the image."),
    }
    for text, (choice, sentence) in cases.items():
        assert write_sentences(QAPair("any", text, choice, (choice,), ())) == (sentence,)
