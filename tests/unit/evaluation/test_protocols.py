"""Prompts of the harnesses, to the letter."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from tests.support import shipped
from visualcrop import Reply, VisualcropError, VisualSearch, evaluate
from visualcrop.data.formats.vstar import VStar
from visualcrop.evaluation.protocols import get_protocol, protocol_names
from visualcrop.evaluation.study import Study
from visualcrop.evaluation.worker import StudyWorker
from visualcrop.models.toy.dataset import ToyScenes
from visualcrop.plugin import Task
from visualcrop.searchers.direct import Direct
from visualcrop.testing import ToyModel

_LETTER = "Answer with the option's letter from the given choices directly."
_MME = (
    "Select the best answer to the above multiple-choice question based on the image. Respond with "
    "only the letter (A, B, C, D, or E) of the correct option.\nThe best answer is:"
)
_PLEASE = "Please select the correct answer from the options above. \n"
_GOLDEN = [
    ("paper", "vstar", f"Why?\n(A) x\n(B) y\n{_LETTER}"),
    ("zoomeye", "hrbench", "Why?\nA. x\nB. y\nAnswer the option letter directly."),
    ("zoomeye", "mme-realworld-lite", f"Why?\n(A) x\n(B) y\n{_MME}"),
    ("hr-bench", "hrbench", f"Why?\nA. x\nB. y\n{_LETTER}"),
    ("lmms-eval", "vstar", f"Why?\nA. x\nB. y\n{_LETTER}\n{_LETTER}"),
    ("lmms-eval", "hrbench", "Why?\nA. x\nB. y\nAnswer the option letter directly."),
    (
        "lmms-eval",
        "mme-realworld-lite",
        f"Why? The choices are listed below:\n(A) x\n(B) y\n{_MME} ",
    ),
    (
        "vlmevalkit",
        "vstar",
        f"Question: Why?\nOptions:\nA. x\nB. y\n{_PLEASE}",
    ),
    (
        "vlmevalkit",
        "mme-realworld-lite",
        f"Why? The choices are listed below:\n(A) x. \n(B) y. \n{_MME}",
    ),
]


@pytest.mark.parametrize(("name", "dataset", "asked"), _GOLDEN)
def test_options_are_put_as_the_harness_does(name: str, dataset: str, asked: str) -> None:
    """Spaces and line ends too."""
    assert get_protocol(name, dataset).asked("Why?", ("x", "y")) == asked


@pytest.mark.parametrize("name", ["paper", "lmms-eval", "vlmevalkit"])
def test_open_questions_want_a_word(name: str) -> None:
    """GQA's, in every harness that has it."""
    asked = get_protocol(name, "gqa").asked("Why?")
    assert asked == "Why?\nAnswer the question using a single word or phrase."


def test_the_paper_takes_letters_only() -> None:
    """A.2: no post-processing. The others read what they can."""
    assert get_protocol("paper", "vstar").extraction == "strict"
    assert get_protocol("lmms-eval", "vstar").extraction == "tolerant"
    assert get_protocol("hr-bench", "hrbench").extraction == "tolerant"


def test_zoomeye_weighs_sentences_on_vstar() -> None:
    """With their end, and nothing in their place; a study may say otherwise, of each by itself."""
    found = get_protocol("zoomeye", "vstar")
    assert (found.inference, found.weigh, found.end_token) == ("option-logits", "sentences", True)
    study = Study("vstar", "toy", {"direct": "direct"}, "zoomeye")
    assert study.protocol_for("vstar") == found
    other = attrs.evolve(study, weigh="choices", end_token=False).protocol_for("vstar")
    assert other == attrs.evolve(found, weigh="choices", end_token=False)
    letters = attrs.evolve(study, inference="letter-logits").protocol_for("vstar")
    assert (letters.inference, letters.weigh) == ("letter-logits", "sentences")


@pytest.mark.parametrize("said", ["B", "(B)", "B.", "The answer is B", "b", "red"])
def test_applications_read_as_studies_do(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One reply names one choice, or none, in Python and in a run of the paper's protocol."""
    worker = StudyWorker.open(Study("toy(scenes=1)", "toy", {"direct": "direct"}))
    monkeypatch.setattr(ToyModel, "generate", lambda *_, **__: [Reply(said)])
    sample = next(iter(ToyScenes(scenes=1)))
    recorded = worker.answer(Task("direct", sample)).choice
    search = VisualSearch(ToyModel(), Direct())
    assert search.ask(sample.source.open(), sample.text, sample.choices).choice == recorded
    assert recorded == (1 if said == "B" else None)


def test_an_unknown_protocol_is_one_sentence() -> None:
    """So is a known one that says nothing of a dataset."""
    assert protocol_names() == ["paper", "zoomeye", "hr-bench", "lmms-eval", "vlmevalkit"]
    with pytest.raises(VisualcropError, match="did you mean 'zoomeye'"):
        get_protocol("zoomeyes", "vstar")
    with pytest.raises(VisualcropError, match="not known for the dataset 'gqa', only for hrbench"):
        get_protocol("zoomeye", "gqa")


def test_a_study_of_vstar_weighs_its_sentences(tmp_path: Path) -> None:
    """Each answer is a sentence; without the file that holds them, the question is an error."""
    root = shipped.vstar(tmp_path / "vstar")
    (root / "relative_position" / "sa.2.json").unlink()
    run = evaluate(VStar(path=str(root)), "direct", "toy", protocol="zoomeye", progress=False)
    glove, side = sorted(run.records(), key=lambda record: record.id)
    assert (glove.status, glove.text in shipped.SENTENCES) == ("ok", True)
    assert glove.passes == {"answer": 4}
    assert side.status == "error"
    assert "weighs options as sentences, and this question has none" in str(side.error)
