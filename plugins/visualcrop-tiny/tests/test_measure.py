"""What is measured is counted rightly."""

from __future__ import annotations

import json
from random import Random

import PIL.Image
import pytest

from training import methods
from training.evaluation import Measurements, roc_auc
from training.measure import main
from training.methods import AnswerPair, crop_about, find_other_things, sample_empty_places
from visualcrop import Answer, Box, Image, Sample
from visualcrop_tiny.needles import Needles


@pytest.fixture
def sample():
    """One question about a colour."""
    return next(row for row in Needles(about="attribute").read() if isinstance(row, Sample))


def test_letters_and_words_are_counted_apart(sample):
    """An answer may be right by letter and wrong in words, and only questions asked count."""
    measurements = Measurements()
    wrong = Answer("nothing")
    right = Answer("A", sample.answer)
    measurements.add("direct", "attribute", AnswerPair(right, wrong), sample)
    measurements.add("direct", "attribute", AnswerPair(wrong, Answer(sample.answers[0])), sample)
    table = measurements.to_json()["accuracy"]
    assert table == {"direct / attribute / letter": 0.5, "direct / attribute / open": 0.5}
    assert "| direct | 0.500 / 0.500 | 0.500 / 0.500 | 0.0 |" in measurements.to_markdown()
    assert json.dumps(measurements.to_json())


def test_the_area_under_the_curve():
    """One if all positives are surer, a half for ties."""
    assert roc_auc([0.9, 0.8], [0.1, 0.2]) == 1
    assert roc_auc([0.5], [0.5]) == 0.5
    assert roc_auc([0.1, 0.9], [0.5]) == 0.5


def test_negatives_show_nothing_of_the_target(sample):
    """Neither other things' crops nor places drawn at random touch it."""
    image, target = sample.source.open(), sample.targets[0]
    boxes = [
        *find_other_things(sample, image, target),
        *sample_empty_places(image, target.box, Random(0)),
    ]
    assert len(boxes) >= 3
    assert not any(crop_about(box, image).common(target.box) for box in boxes)


def test_an_oracles_box_is_three_cells_in_the_picture():
    """It holds the target, even at the edge, and no more than the picture."""
    image = Image(PIL.Image.new("RGB", (1400, 700)))
    for box in (Box(0, 0, 20, 20), Box(1380, 680, 1400, 700), Box(600, 300, 640, 340)):
        crop = crop_about(box, image)
        assert crop.width == crop.height == 175
        assert crop.contains(box)
        assert image.box.contains(crop)


def test_missing_maps_are_named(monkeypatch, capsys):
    """Without the plug-in that has them, one sentence says what to install."""
    monkeypatch.setattr(methods, "MAPS", ("not-there",))
    assert main(["--count", "1", "--kinds", "attribute"]) == 1
    assert "pip install visualcrop-ablations" in capsys.readouterr().err


def test_an_unknown_model_is_one_line(capsys):
    """Without the hint that is about maps."""
    assert main(["-m", "tinny", "--count", "1", "--kinds", "attribute"]) == 1
    error = capsys.readouterr().err
    assert "did you mean 'tiny'" in error
    assert "pip install" not in error


def test_what_was_not_measured_has_no_figure():
    """Neither a method that was not asked about some kind, nor confidences that were not taken."""
    measurements = Measurements()
    measurements.correct.update(
        {
            ("direct", "attribute", "letter"): [True],
            ("direct", "attribute", "open"): [True],
            ("direct", "existence", "letter"): [True],
            ("direct", "existence", "open"): [True],
            ("oracle crop", "attribute", "letter"): [True],
            ("oracle crop", "attribute", "open"): [True],
        }
    )
    measurements.passes.update({"direct": [1], "oracle crop": [1]})
    assert "| oracle crop | 1.000 / 1.000 | – | – | 1.0 |" in measurements.to_markdown()
    assert measurements.to_json()["existence"] == {}


@pytest.mark.slow
def test_kinds_are_measured_side_by_side(capsys, tmp_path):
    """By two processes as by one, and the table says how it was made."""
    given = ["-m", "toy", "--count", "1", "--size", "1k", "--kinds", "attribute", "existence"]
    out = tmp_path / "new" / "figures.json"
    assert main([*given, "--processes", "2", "--out", str(out)]) == 0
    two = capsys.readouterr().out
    assert main(given) == 0
    both = (text.partition("\n\n")[2] for text in (two, capsys.readouterr().out))
    assert len(set(both)) == 1
    assert "`python -m training.measure -m toy --count 1" in two
    assert json.loads(out.read_text("utf-8"))["questions"]["direct / attribute / letter"] == 1
