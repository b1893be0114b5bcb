"""The task `visual-search` of transformers."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as tf
from torch.utils.data import Dataset
from transformers.pipelines.pt_utils import KeyDataset

import visualcrop_tiny
from tests.support.opened import noise
from tests.support.refusals import refused
from tests.support.tiny.checkpoints import NETWORKS, checkpoint
from tests.support.tiny.processors import load_processor
from visualcrop import Answer, Budget, Focus, Image, Question, Sample, VisualSearch
from visualcrop.errors import ImageError, ModelError, QuestionError, SpecError
from visualcrop.models import Family
from visualcrop.models.families.llava import Llava
from visualcrop.pipeline import VisualSearchPipeline
from visualcrop_tiny import Shapes

pytestmark = pytest.mark.torch
TINY = Path(visualcrop_tiny.__file__).parent / "weights" / "tiny-shapes"
SEARCHER = "focus(targets=rules, proposals=anchors(s_max=3), steps=4)"


def make(model: Any = TINY, **options: Any) -> VisualSearchPipeline:
    """What a user writes, on the CPU."""
    options = {"searcher": SEARCHER, "device": "cpu"} | options
    pipeline: Any = tf.pipeline  # typed by overloads, of which each has a task of transformers
    made = pipeline("visual-search", model=str(model) if model is TINY else model, **options)
    assert isinstance(made, VisualSearchPipeline)
    return made


@pytest.fixture(scope="module")
def pipe() -> VisualSearchPipeline:
    """The shipped model, by the folder of its weights."""
    return make()


@pytest.fixture(scope="module")
def search() -> VisualSearch:
    """The same without transformers' pipeline."""
    return VisualSearch.open(f"auto(checkpoint={TINY})", SEARCHER)


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    """Questions that it can answer."""
    read = Shapes(count=4, about="attribute", size="1k").read()
    return [sample for sample in read if isinstance(sample, Sample)]


@pytest.fixture(scope="module")
def posed(samples: list[Sample]) -> list[dict[str, Any]]:
    """The same as inputs, two of them with choices."""
    return [
        {
            "image": sample.source.open().picture,
            "question": sample.text,
            "choices": [*sample.choices] if number % 2 else [],
        }
        for number, sample in enumerate(samples)
    ]


def said(told: Any) -> Any:
    """Dicts without scores, which differ in their last digits when other passes are cached."""
    if isinstance(told, list):
        return [*map(said, told)]
    boxes = [(box["label"], box["box"]) for box in told["boxes"]]
    return {**told, "score": None, "boxes": boxes}


def is_same(told: dict[str, Any], answer: Answer, choices: list[str]) -> bool:
    """Whether a dict says what an answer does."""
    said = answer.text if answer.choice is None else choices[answer.choice]
    boxes = [
        dict(zip(("xmin", "ymin", "xmax", "ymax"), finding.box.whole_pixels(), strict=True))
        for finding in answer.findings
    ]
    assert told["answer"] == said
    assert told["choice"] == answer.choice
    assert [box["box"] for box in told["boxes"]] == boxes
    assert told["box"] == next(iter(boxes), None)
    assert [box["label"] for box in told["boxes"]] == [f.target.text for f in answer.findings]
    assert [box["score"] for box in told["boxes"]] == pytest.approx(
        [finding.probability for finding in answer.findings], abs=0.01
    )
    assert told["found"] is answer.found
    assert told["passes"] == sum(answer.passes.values())
    if answer.choice is not None:
        assert told["score"] == pytest.approx(answer.confidence, abs=0.01)
    return True


class TestAnswers:
    """What a call gives."""

    def test_equals_visual_search(
        self, pipe: VisualSearchPipeline, search: VisualSearch, posed: list[dict[str, Any]]
    ) -> None:
        """One by one: answer, score, choice, boxes and passes."""
        for each in posed:
            answer = search.ask(*each.values())
            assert is_same(pipe(each), answer, each["choices"])
            image, *words = each.values()
            assert said(pipe(image, *words[:1], choices=words[1])) == said(pipe(each))
        assert said(pipe(**each)) == said(pipe(each))

    @pytest.mark.parametrize("batch_size", [1, 3])
    @pytest.mark.parametrize("kind", ["list", "generator", "dataset"])
    def test_of_several(
        self,
        pipe: VisualSearchPipeline,
        search: VisualSearch,
        posed: list[dict[str, Any]],
        kind: str,
        batch_size: int,
    ) -> None:
        """The same in order, whatever holds them and however many run at a time."""

        class Questions(Dataset[Any]):
            def __len__(self) -> int:
                return len(posed)

            def __getitem__(self, index: int) -> dict[str, Any]:
                return posed[index]

        given = {"list": posed, "generator": (each for each in posed), "dataset": Questions()}
        told = pipe(given[kind], batch_size=batch_size)
        assert isinstance(told, list) is (kind == "list")
        for one, each in zip(told, posed, strict=True):
            assert is_same(one, search.ask(*each.values()), each["choices"])

    def test_of_images_with_one_question(
        self, pipe: VisualSearchPipeline, posed: list[dict[str, Any]]
    ) -> None:
        """Given once, for a list or for a column of a dataset."""
        images, question = [each["image"] for each in posed], posed[0]["question"]
        told = pipe(images, question=question)
        assert said(told[0]) == said(pipe(images[0], question))
        column: Any = KeyDataset(posed, "image")  # type: ignore[arg-type]  # a list will do
        assert said([*pipe(column, question=question)]) == said(told)

    def test_of_whatever_is_an_image(
        self, pipe: VisualSearchPipeline, posed: list[dict[str, Any]], tmp_path: Path
    ) -> None:
        """A path, bytes, an array, a picture, and a question of visualcrop's."""
        picture, question = posed[0]["image"], posed[0]["question"]
        picture.save(tmp_path / "picture.png")
        held = BytesIO()
        picture.save(held, "PNG")
        expected = said(pipe(picture, question))
        for image in (
            tmp_path / "picture.png",
            str(tmp_path / "picture.png"),
            held.getvalue(),
            np.asarray(picture),
        ):
            assert said(pipe(image, question)) == expected
        assert said(pipe(Question(question, Image.open(picture)))) == expected

    def test_score_of_open_replies(self, pipe: VisualSearchPipeline, search: VisualSearch) -> None:
        """The probability of all tokens of the reply."""
        asked = noise(), "What colour is the mug?"
        answer = search.ask(*asked)
        assert pipe(*asked)["score"] == pytest.approx(np.prod(answer.token_probabilities), abs=0.01)

    def test_keeps_a_budget(self, pipe: VisualSearchPipeline, posed: list[dict[str, Any]]) -> None:
        """Of each search; of every call if it is given to the pipeline."""
        one = pipe(posed[0], budget=Budget(passes=2))
        assert one["passes"] == 3  # with the answer's own
        assert said(make(budget=Budget(passes=2))(posed[0])) == said(one)
        assert pipe(posed[0])["passes"] > 3

    def test_nothing_is_asked_of_nothing(self, pipe: VisualSearchPipeline) -> None:
        """An empty list has no answers."""
        assert pipe([]) == []


class TestModels:
    """What it takes as a model."""

    @pytest.mark.parametrize("family", ["llava", "qwen2-5-vl", "internvl", "gemma3"])
    def test_checkpoints(self, family: str) -> None:
        """Of every family, by a folder; the processor is found without torchvision."""
        folder = str(checkpoint(family))
        asked = noise(), "Is there a red mug?", ["yes", "no"]
        told = make(folder, searcher="focus(targets=rules, steps=2)")(
            asked[0], asked[1], choices=asked[2]
        )
        search = VisualSearch.open(f'auto(checkpoint="{folder}")', "focus(targets=rules, steps=2)")
        assert is_same(told, search.ask(*asked), asked[2])

    @pytest.mark.parametrize("family", [None, Llava, Llava(memory=0)])
    def test_a_loaded_network(self, family: Family | type[Family] | None) -> None:
        """With its processor, or without; with a family and its options."""
        folder: Any = checkpoint("llava")
        asked, told = (noise(), "Is there a mug?"), []
        for processor in (None, load_processor("llava", folder), str(folder)):
            network = NETWORKS["llava"].from_pretrained(folder)
            pipe = make(network, processor=processor, family=family, searcher="direct")
            told.append(said(pipe(*asked)))
        assert told[0] == told[1] == told[2]

    def test_a_searcher_by_spec_by_options_or_itself(self) -> None:
        """As `VisualSearch` takes it; the family's settings fill it."""
        specs = {
            str(make(checkpoint("llava"), searcher=s, options=o).search.searcher)
            for s, o in ((Focus(steps=2), ()), ("focus(steps=2)", ()), ("focus", ["steps=2"]))
        }
        assert len(specs) == 1

    def test_it_is_on_the_device_and_of_the_dtype_asked_for(self) -> None:
        """As of every pipeline."""
        pipe = make(dtype=torch.float32)
        assert pipe.model.dtype == torch.float32
        assert pipe.device.type == pipe.model.device.type == "cpu"

    def test_is_saved_with_its_processor(self, tmp_path: Path) -> None:
        """And opened again by the folder; no code is written."""
        folder: Any = checkpoint("llava")
        saved = make(str(folder), processor=load_processor("llava", folder), searcher="direct")
        saved.save_pretrained(tmp_path)
        assert not list(tmp_path.glob("*.py"))
        asked = noise(), "Is there a mug?"
        assert said(make(str(tmp_path), searcher="direct")(*asked)) == said(saved(*asked))


class TestRefusals:
    """What is refused, in a sentence."""

    def test_what_is_no_question(self, pipe: VisualSearchPipeline) -> None:
        """An image without one, a dict without an image, an empty one, a choice alone."""
        image = noise()
        for given, options, words in (
            (image, {}, "has no question"),
            ({"question": "What?"}, {}, "'image'"),
            ({"image": image}, {}, "has no question"),
            (image, {"question": " "}, "is empty"),
            (image, {"question": "What?", "choices": ["red"]}, "2 to 26"),
            (image, {"question": "What?", "top_k": 3}, "not 'top_k'"),
        ):
            assert words in refused(QuestionError, pipe, given, **options)
        with pytest.raises(QuestionError, match="name the others"):
            pipe(image, "What?", ["red", "blue"])
        with pytest.raises(QuestionError, match="not 'image'"):
            pipe(image, image=image, question="What?")

    def test_what_is_no_image(self, pipe: VisualSearchPipeline) -> None:
        """In a list, too: the first error is raised."""
        with pytest.raises(ImageError):
            pipe("nothing.png", "What?")
        with pytest.raises(ImageError):
            pipe([noise(), "nothing.png"], question="What?")

    def test_what_is_no_searcher(self) -> None:
        """Before anything is asked."""
        with pytest.raises(SpecError, match="focsu"):
            make(searcher="focsu")

    def test_a_network_from_nowhere(self) -> None:
        """It has no files beside it to find its processor in."""
        folder: Any = checkpoint("llava")
        network = NETWORKS["llava"](tf.AutoConfig.from_pretrained(folder)).eval()
        network.name_or_path = ""
        with pytest.raises(ModelError, match="give the processor"):
            make(network)


def test_importing_visualcrop_imports_none_of_it() -> None:
    """Torch and transformers are imported, and the task is registered, with the module only."""
    code = (
        "import sys, visualcrop; assert 'transformers' not in sys.modules\n"
        "import visualcrop.pipeline\n"
        "from transformers.pipelines import PIPELINE_REGISTRY\n"
        "assert 'visual-search' in PIPELINE_REGISTRY.get_supported_tasks()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
