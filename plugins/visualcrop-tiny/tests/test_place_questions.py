"""Questions about places have the answers that the things in them give, and no hint of it."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import PIL.Image
import pytest
from scipy.stats import chisquare

from training.prompts import PromptRecorder
from visualcrop import Box, Budget, BudgetedModel, Image, Ledger, Question
from visualcrop.plugin import Registry, TargetExtractor
from visualcrop_tiny.place_names import ABOUT
from visualcrop_tiny.place_questions import COUNTS, nameable, plan_question
from visualcrop_tiny.world import COLOURS, THINGS
from visualcrop_tiny.world.places import PLACES, absent_from

SIZE = (640, 480)
_PLANS = 36  # of each kind
_PLURALS = {thing.plural: name for name, thing in THINGS.items()}
_ARTICLES = {thing.phrase() for thing in THINGS.values()}


@pytest.fixture(scope="module")
def planned():
    """For each kind: questions with the items of the pictures that they are asked about."""
    found: dict[str, list[Any]] = {about: [] for about in ABOUT}
    for about in ABOUT:
        for number in range(_PLANS):
            plan = plan_question(about, PLACES[number % 6], number, number, SIZE)
            if plan:
                found[about].append((plan[1], plan[0].plan()))
    return found


def _named(items, phrase):
    """The items that a phrase such as `red keys` or `the key` is true of."""
    *colours, name = [w for w in phrase.split() if w not in {"a", "an", "the", "large", "big"}]
    name = _PLURALS.get(name, name)
    return [i for i in items if i.name == name and (not colours or i.colour == colours[0])]


def test_most_places_have_room_for_a_question(planned):
    """More than half of each kind at the first try, so that hardly any is missing after sixteen."""
    assert sum(map(len, planned.values())) > 0.8 * len(ABOUT) * _PLANS
    assert all(len(pairs) > 0.5 * _PLANS for pairs in planned.values())


def test_choices_and_targets_are_whole(planned):
    """The answer is a choice, a sentence begins with its own choice alone, targets are items."""
    for question, items in (pair for pairs in planned.values() for pair in pairs):
        assert question.answer in question.choices
        assert 2 <= len(set(question.choices)) == len(question.choices) <= 4
        assert len(set(question.sentences)) == len(question.choices)
        for choice, sentence in zip(question.choices, question.sentences, strict=True):
            assert sentence.startswith(choice)
            assert len(sentence.split()) >= 3
            assert not any(
                re.search(rf"\b{re.escape(other)}\b", sentence.removeprefix(choice))
                for other in question.choices
            )
        for name, item in question.targets:
            assert item in items
            assert item in _named(items, name)
            assert item.visible >= 0.75
            assert Box(0, 0, *SIZE).contains(item.box)


@pytest.mark.parametrize("about", ["attribute", "large"])
def test_a_colour_is_that_of_the_only_thing_of_the_name(planned, about):
    """Each wrong colour has a thing that was put in as well, so that no colour is a hint."""
    often = 0.0
    for question, items in planned[about]:
        name = re.search(r"the ((?:large |big )?\w+)(?: have)?\?", question.text)
        assert name
        (item,) = _named(items, name[1])
        assert item.colour == question.answer
        seen = Counter(i.colour for i in items)
        most = [c for c in question.choices if seen[c] == max(seen[d] for d in question.choices)]
        often += (question.answer in most) / len(most)
        assert all(seen[choice] for choice in question.choices)
    assert often < 0.5 * len(planned[about])  # 0.25 by chance


def test_small_is_small_and_large_is_large(planned):
    """Longer sides in thousandths of the picture's; of a sign the letters are small."""
    for about, (least, most) in {"attribute": (20, 40), "large": (80, 180)}.items():
        for question, _ in planned[about]:
            (_, item), *_ = question.targets
            assert least <= 1000 * max(item.box.width, item.box.height) / SIZE[0] <= most


def test_a_relation_is_true(planned):
    """By the boxes for sides and neighbours, by the part of the place for where."""
    kinds: Counter[str] = Counter()
    for question, items in planned["relation"]:
        names = re.findall(r"the ((?:\w+ )?\w+)(?= to| on| above| below|\?| of)", question.text)
        (one,) = _named(items, question.targets[0][0])
        if question.text.startswith("Is the "):
            (other,) = _named(items, names[-1])
            (x0, y0), (x1, y1) = one.box.centre, other.box.centre
            true = {"left": x0 < x1, "right": x0 > x1, "above": y0 < y1, "below": y0 > y1}
            assert true[question.answer]
            kinds["side"] += 1
        elif question.text.startswith("Where"):
            assert one.where == question.answer
            kinds["where"] += 1
        else:
            near = [i.name for i in items if i is not one and _touches(one, i)]
            assert near == [question.answer]
            assert all(_named(items, choice) for choice in question.choices)
            kinds["beside"] += 1
    assert min(kinds[kind] for kind in ("side", "where", "beside")) >= 2


def _touches(one, other):
    reach = round(0.75 * max(one.box.width, one.box.height))
    box = one.box
    around = Box(box.left - reach, box.top - reach, box.right + reach, box.bottom + reach)
    return bool(around.overlap(other.box))


def test_a_count_counts(planned):
    """Every thing of the name, and of the colour if there is one, wherever it is."""
    for question, items in planned["count"]:
        named = re.match(r"How many ((?:\w+ )?\w+) (?:are|can)", question.text)
        assert named
        assert int(question.answer) == len(_named(items, named[1])) == len(question.targets)


def test_existence_is_true(planned):
    """Yes has one box and No none; something else has the colour, whatever the answer."""
    for question, items in planned["existence"]:
        phrase = re.search(r"(?:there|see) (an? (?:\w+ )?\w+)(?= in the|\?)", question.text)
        assert phrase
        found = _named(items, phrase[1])
        assert (question.answer == "Yes") == bool(found)
        assert [item for _, item in question.targets] == found
        article, *_, name = phrase[1].split()
        if len(phrase[1].split()) == 2:
            assert f"{article} {name}" in _ARTICLES


def test_a_sign_says_the_answer(planned):
    """There is one sign of the colour; its text and that of another one are among the choices."""
    for question, items in planned["detail"]:
        colour = re.search(r"the (\w+) sign", question.text)
        assert colour
        signs = [item for item in items if item.name == "sign"]
        assert [s.text for s in signs if s.colour == colour[1]] == [question.answer]
        assert len(signs) == 2
        assert {sign.text for sign in signs} <= {*question.choices}


def test_one_of_four_is_there_or_has_the_colour(planned):
    """All choices are named in the question, in their order."""
    for question, items in planned["which"]:
        listed = re.search(r"(?:Which of|image:) ((?:the|an?) .*?)(?: is \w+)?\?", question.text)
        assert listed
        names = re.split(r", | or | and ", listed[1])
        assert tuple(name.split()[1] for name in names) == question.choices
        there = {choice: _named(items, choice) for choice in question.choices}
        if "in the image" in question.text:
            assert [name for name, found in there.items() if found] == [question.answer]
        else:
            colour = question.text.rpartition(" ")[2].removesuffix("?")
            right = [name for name, (item,) in there.items() if item.colour == colour]
            assert right == [question.answer]


def test_right_letters_and_answers_are_balanced(planned):
    """No letter is right more often, nor Yes, nor any count or side: by chi-square."""
    four, two = Counter[int](), Counter[int]()
    yes, counts, colours = Counter[str](), Counter[str](), Counter[str]()
    for about, pairs in planned.items():
        for question, _ in pairs:
            letters = {2: two, 4: four}.get(len(question.choices), Counter())
            letters[question.choices.index(question.answer)] += 1
            if about == "existence":
                yes[question.answer] += 1
            elif about == "count":
                counts[question.answer] += 1
            elif about in {"attribute", "large"}:
                colours[question.answer] += 1
    for seen in (
        [four[place] for place in range(4)],
        [two[place] for place in range(2)],
        [yes[answer] for answer in ("Yes", "No")],
        [counts[count] for count in COUNTS],
        [colours[colour] for colour in COLOURS],
    ):
        assert chisquare(seen).pvalue > 0.001


def test_the_rules_find_the_targets(planned):
    """The rule-based extractor names what a question is about, without a pass."""
    rules = Registry.load().build(TargetExtractor, "rules")
    picture = Image(PIL.Image.new("RGB", (8, 8)))
    model = BudgetedModel(PromptRecorder(), Ledger(Budget()))
    for question, _ in (pair for pairs in planned.values() for pair in pairs):
        found = [t.text for t in rules.extract(Question(question.text, picture), model)]
        for name, _ in question.targets:
            several = THINGS[name.split()[-1]].plural if not name.endswith("sign") else ""
            assert any(several in text or name in text for text in found), question.text


@pytest.mark.parametrize("place", PLACES)
def test_nothing_is_asked_for_that_a_place_itself_has(place):
    """A boat in a harbour is not hidden there."""
    assert not absent_from(place).intersection(nameable(place))
    assert len(nameable(place)) >= 50
