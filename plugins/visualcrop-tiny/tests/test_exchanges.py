"""What training asks has right answers, in words that the model knows."""

from __future__ import annotations

from random import Random

import pytest
import torch

from training.crop_dataset import Seen
from training.exchanges import _ASK, Sight, encode, sample_exchange
from training.losses import match_loss
from training.sign_letters import locate_letters
from training.target_prompts import encode_examples, sample_target_exchange
from training.tokenizer import BOS, UNKNOWN, build_fast_tokenizer, token_id
from visualcrop import Box
from visualcrop.targets.rules import find_noun_phrases
from visualcrop_tiny.world import THINGS


def _see(name, colour, at, text="", *, visible=1.0, where="on a roof"):
    return Seen(name, colour, Box(at[0], at[1], at[0] + 20, at[1] + 20), visible, text, where)


SIGHT = Sight.of(
    [
        _see("cup", "red", (10, 80)),
        _see("key", "blue", (34, 80)),
        _see("boat", "green", (150, 20), where="on the water"),
        *[
            _see("hat", colour, (100, 30 * number))
            for number, colour in enumerate(("pink", "white", "pink"))
        ],
        _see("sign", "yellow", (60, 150), "BREAD"),
        _see("bell", "brown", (170, 150), visible=0.4),
    ]
)


def _ask(kind, times=300):
    rng = Random(1)
    asked = [_ASK[kind](SIGHT, rng) for _ in range(times)]
    found = [exchange for exchange in asked if exchange]
    assert found
    return found


@pytest.mark.parametrize("kind", list(_ASK))
def test_what_is_half_visible_is_not_mentioned(kind):
    """Nobody could say whether it is there; and an answer is among its choices."""
    for exchange in _ask(kind):
        assert "bell" not in exchange.text
        assert exchange.answer in exchange.choices
        assert len(set(exchange.choices)) == len(exchange.choices)


@pytest.mark.parametrize("absent", [0, 1, 3])
def test_a_crowd_of_nearly_everything(absent):
    """Nothing is absent, or too little to choose from: something else is asked."""
    names = sorted(THINGS)[absent:]
    crowd = Sight.of([_see(name, "red", (5 * n, 5 * n)) for n, name in enumerate(names)])
    rng = Random(2)
    for kind in ("existence", "which"):
        asked = [_ASK[kind](crowd, rng) for _ in range(100)]
        assert all(each.answer in each.choices for each in asked if each)
    assert sample_exchange(crowd, rng).reply


def test_sides_are_those_of_the_boxes():
    """Whatever two things are called, and in whatever order they are asked about."""
    boat = [e for e in _ask("side") if "boat" in e.text and "cup" in e.text]
    for exchange in boat:
        first = exchange.text.index("boat") < exchange.text.index("cup")
        across = "left" in exchange.choices
        right = ("right" if first else "left") if across else ("above" if first else "below")
        assert exchange.answer == right
    assert boat


def test_halves_are_those_of_the_image():
    """Whatever its shape is."""
    wide = Sight.of([_see("cup", "red", (150, 130))], (400, 200))
    rng, answers = Random(2), {}
    for _ in range(100):
        exchange = _ASK["side"](wide, rng)
        assert exchange
        answers[exchange.choices[0] in {"top", "bottom"}] = exchange.answer
    assert answers == {True: "bottom", False: "left"}


def test_counts_are_those_of_the_things():
    """Of a name, and of a name and a colour."""
    answers = {
        e.text.removeprefix("How many ").partition(" hats")[0]: e.answer
        for e in _ask("count")
        if "hats" in e.text
    }
    assert answers["pink"] == "2"
    assert answers.get("hats are in the image?", answers.get("hats are there?")) in {None, "3"}
    plain = {e.answer for e in _ask("count") if e.text.startswith("How many hats")}
    assert plain == {"3"}


def test_what_is_asked_about_is_there_or_is_not():
    """By name, and by colour and name."""
    there = {(t.name, t.colour) for t in SIGHT.things}
    names = {name for name, _ in there}
    for exchange in _ask("existence", 600):
        (phrase,) = find_noun_phrases(exchange.text)
        *colour, name = phrase.split()
        name = {"hats": "hat", "cups": "cup", "keys": "key", "boats": "boat"}.get(name, name)
        seen = (name, colour[0]) in there if colour else name in names
        assert exchange.answer == ("Yes" if seen else "No")


def test_the_nearest_thing_is_beside():
    """The key is the cup's only neighbour."""
    for exchange in _ask("beside"):
        assert (exchange.text.split()[-1], exchange.answer) in {("cup?", "key"), ("key?", "cup")}


def test_signs_are_read():
    """With the text as it is written."""
    assert {e.answer for e in _ask("sign")} == {"BREAD"}


def test_what_is_spelled_looks_at_the_letters_of_the_sign():
    """The letters of each choice at those in their place, and what comes before one in a reply."""
    (exchange, *_), rng = _ask("sign"), Random(3)
    (sign,) = exchange.about
    middles = [box.centre for _, box in locate_letters(sign.text, sign.box)]
    for _ in range(20):
        tokens = encode(exchange, rng)
        ids, spelled = (*tokens.prompt, *tokens.reply), [token_id("B"), token_id("##R")]
        if len(tokens.reply) == len(sign.text):
            before = range(len(tokens.prompt) - 1, len(ids) - 1)
            assert tokens.places == dict(zip(before, middles, strict=True))
        else:
            start = next(n for n in range(len(ids)) if [*ids[n : n + 2]] == spelled)
            assert [tokens.places[start + n] for n in range(5)] == middles
            assert {*tokens.places.values()} == {*middles}


def test_letters_of_choices_are_compared_with_the_sign():
    """Each with the one in its place: all are the same in one choice, and few in the others."""
    (exchange, *_), rng = _ask("sign"), Random(3)
    for _ in range(20):
        tokens = encode(exchange, rng)
        if len(tokens.reply) == len("BREAD"):  # in words, without choices
            assert not tokens.matches
            continue
        told = "".join("01"[match] for match in tokens.matches.values())
        starts = dict.fromkeys(exchange.choices, 0)
        for number, word in enumerate(exchange.choices[1:]):
            starts[word] = starts[exchange.choices[number]] + len(exchange.choices[number])
        for word, start in starts.items():
            same = "".join("01"[one == other] for one, other in zip(word, "BREAD", strict=False))
            assert told[start:][: len(word)] == same.ljust(len(word), "0")


def test_a_loss_of_what_is_nowhere_is_none():
    """Nothing is compared in most batches; where something is, both cases weigh the same."""
    logits = torch.tensor([[4.0, -4.0, -4.0, -4.0, 9.0]])
    assert match_loss(logits, torch.full((1, 5), -1)) == 0
    right = match_loss(logits, torch.tensor([[1, 0, 0, 0, -1]]))
    wrong = match_loss(logits, torch.tensor([[0, 0, 0, 0, -1]]))
    assert right < 0.02
    assert wrong == pytest.approx((4.018 + 3 * 0.018) / 4 / 2, abs=0.01)


def test_every_exchange_is_in_known_words():
    """Neither prompts nor replies have a word that the tokenizer does not know."""
    unknown, rng = token_id(UNKNOWN), Random(2)
    for _ in range(500):
        for tokens in (sample_exchange(SIGHT, rng), sample_target_exchange(rng)):
            assert unknown not in (*tokens.prompt, *tokens.reply)


def test_examples_are_those_of_the_chat_template():
    """Training's own layout of the examples is what the shipped template makes of them."""
    tokenizer = build_fast_tokenizer()
    text = tokenizer.decode(encode_examples()).removeprefix(BOS)
    assert text.count("USER:") == text.count("ASSISTANT:") == text.count("</s>") == 6
