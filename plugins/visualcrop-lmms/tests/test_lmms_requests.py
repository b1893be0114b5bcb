"""Requests as lmms-eval makes them: a tuple of six arguments, answered by searches."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from tests.support.refusals import refused
from visualcrop import Answer, Budget, Image, View, VisualSearch, evaluate
from visualcrop.cli import app
from visualcrop.errors import ImageError, QuestionError, SpecError
from visualcrop.testing import Scene
from visualcrop_lmms.arguments import open_search
from visualcrop_lmms.requests import ChatRequest, answer_all, check_generation, read_messages
from visualcrop_lmms.tasks import folder

_MUG = "What colour is the mug?"
_SHAPES = 6
_GENERATION = {"max_new_tokens": 32, "temperature": 0, "do_sample": False, "until": ["\n\n"]}


def _request(doc_id: int, messages: Any, **generation: Any) -> ChatRequest:
    return ChatRequest("", messages, _GENERATION | generation, doc_id, "task", "test")


def _message(*parts: tuple[str, Any]) -> list[Mapping[str, Any]]:
    """A user's turn as tasks write it."""
    content = [{"type": kind, "text" if kind == "text" else "url": held} for kind, held in parts]
    return [{"role": "user", "content": content}]


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Questions about small things, exported."""
    exported = tmp_path_factory.mktemp("data") / "shapes"
    words = ["data", "import", f"shapes(count={_SHAPES}, seed=0)", "--to", str(exported)]
    app(words, standalone_mode=False)
    return exported


class TestAnswers:
    """What requests get."""

    def test_each_is_that_of_evaluate(
        self, shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With the task that is shipped, one by one, and so the score."""
        run = evaluate(str(shapes), {"focus": "focus"}, "tiny-shapes", out=tmp_path / "run")
        wanted = {record.id: record for record in run.records() if record.variant == "focus"}
        monkeypatch.chdir(shapes)
        lines = (shapes / "samples.jsonl").read_text().splitlines()
        documents = [json.loads(line) for line in lines]
        requests = [_request(number, folder.write_messages) for number in range(len(documents))]
        found = answer_all(
            VisualSearch.open("tiny-shapes", "focus"),
            requests,
            {"task": {"test": documents}},
            budget=Budget(),
            concurrency=4,
        )
        assert len(found) == len(wanted) == _SHAPES
        for document, answer in zip(documents, found, strict=True):
            record = wanted[document["id"]]
            assert isinstance(answer, Answer)
            assert (answer.text, answer.choice) == (record.text, record.choice)
            assert folder.score(document, [answer.text])["right"] == record.score
            assert folder.name_answer(document) == "ABCD"[document["answer"]]

    def test_one_that_fails_loses_no_other(self) -> None:
        """Its error stands in its place."""
        picture = Scene.draw(43).image.picture
        documents = [
            _message(("image", picture), ("text", _MUG)),
            _message(("text", _MUG)),
            _message(("image", b"no picture"), ("text", _MUG)),
            _message(("image", picture), ("text", _MUG)),
        ]
        found = answer_all(
            VisualSearch.open("toy"),
            [_request(number, list) for number in range(4)],
            {"task": {"test": documents}},
            budget=Budget(passes=3),
            concurrency=2,
        )
        assert [type(each) for each in found] == [Answer, QuestionError, ImageError, Answer]
        first, _, _, last = found
        assert isinstance(first, Answer)
        assert isinstance(last, Answer)
        assert (first.text, first.passes) == (last.text, last.passes)
        assert first.exhausted

    def test_a_tasks_own_error_is_raised(self) -> None:
        """Nothing is made of a task that does not work."""
        with pytest.raises(KeyError, match="task"):
            answer_all(
                VisualSearch.open("toy"), [_request(0, list)], {}, budget=Budget(), concurrency=1
            )

    def test_the_length_is_the_tasks(self) -> None:
        """As its generation arguments say."""
        document = _message(("image", Scene.draw(43).image.picture), ("text", _MUG))
        request = _request(0, list, max_new_tokens=7)
        question = request.read_question({"task": {"test": [document]}})
        assert question.max_new_tokens == 7

    @pytest.mark.parametrize(
        ("until", "reply"),
        [("r", ""), (["e", "d"], "r"), (["x"], "red"), ([""], "red"), (None, "red")],
    )
    def test_replies_end_where_the_task_says(self, until: Any, reply: str) -> None:
        """At the first of its texts."""
        assert _request(0, list, until=until).cut("red") == reply


class TestMessages:
    """What tasks show."""

    def test_are_turns(self) -> None:
        """Texts and images, in their order; a text alone is a part, too."""
        picture = Scene.draw(43).image.picture
        system, user = read_messages(
            [
                {"role": "system", "content": "Be brief."},
                *_message(("image", picture), ("text", "and"), ("image", picture), ("text", _MUG)),
            ]
        )
        image = Image.open(picture)
        assert (system.role, system.parts) == ("system", ("Be brief.",))
        assert (user.role, user.parts) == ("user", (image, "and", image, _MUG))

    @pytest.mark.parametrize("kind", ["video", "audio"])
    def test_films_and_sounds_are_refused(self, kind: str) -> None:
        """A search reads images."""
        assert kind in refused(QuestionError, read_messages, _message((kind, "x.mp4")))

    def test_other_images_are_context(self) -> None:
        """The last one is searched."""
        first, last = Scene.draw(1).image.picture, Scene.draw(2).image.picture
        document = _message(("image", first), ("image", last), ("text", _MUG))
        question = _request(0, list).read_question({"task": {"test": [document]}})
        assert question.image == Image.open(last)
        assert question.context == (View.whole(Image.open(first)),)


class TestArguments:
    """`--model_args`, after lmms-eval has split them."""

    @pytest.mark.parametrize(
        ("searcher", "options"),
        [
            ("focus(steps=4, overrun=false)", {}),
            ("'focus(steps=4, overrun=false)'", {}),
            ('"focus(steps=4, overrun=false)"', {}),
            ("focus", {"steps": 4, "overrun": False}),
            ("focus(steps=4)", {"overrun": False, "batch_size": 1, "max_batch_size": None}),
        ],
    )
    def test_are_a_search(self, searcher: str, options: dict[str, Any]) -> None:
        """In quotes, or option by option."""
        wanted = VisualSearch.open("toy", "focus(steps=4, overrun=false)")
        assert open_search("toy", searcher, options).searcher == wanted.searcher

    def test_lists_are_options_too(self) -> None:
        """lmms-eval keeps what is in square brackets together."""
        found = open_search("toy", "focus", {"relevance.layers": "[1, 2]"})
        assert (
            found.searcher == VisualSearch.open("toy", "focus(relevance=vv(layers=[1,2]))").searcher
        )

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("toy", "focus(steps=4", {" overrun": "false)"}), "put it in quotes, or give each"),
            (("toy", "focus", {"device": "cuda"}), "in the model's spec"),
            (("toy", "focus", {"stepz": 4}), "steps"),
        ],
    )
    def test_wrong_ones_are_explained(self, arguments: Any, words: str) -> None:
        """In one sentence."""
        assert words in refused(SpecError, open_search, *arguments)

    @pytest.mark.parametrize(
        "generation", [{"temperature": 0.7}, {"num_beams": 5}, {"num_return_sequences": 2}]
    )
    def test_what_cannot_be_done_is_refused(self, generation: dict[str, Any]) -> None:
        """Before anything is asked."""
        assert "--gen_kwargs" in refused(QuestionError, check_generation, generation)

    def test_what_changes_nothing_is_taken(self) -> None:
        """As tasks write it."""
        check_generation(_GENERATION | {"num_beams": 1, "top_p": None, "temperature": 0.0})


class TestEntryPoint:
    """How lmms-eval finds the model; it stops if any entry point raises."""

    def test_imports_nothing(self) -> None:
        """Neither torch nor transformers nor lmms-eval, until the manifest is asked for."""
        script = (
            "import sys; from importlib.metadata import entry_points;"
            "(found,) = entry_points(group='lmms_eval.models', name='visualcrop');"
            "assert callable(found.load());"
            "heavy = {'torch', 'transformers', 'visualcrop', 'lmms_eval'} & {*sys.modules};"
            "assert not heavy, heavy"
        )
        subprocess.run([sys.executable, "-c", script], check=True)

    def test_is_lmms_evals_own_manifest(self) -> None:
        """Its registry takes it, and finds the class."""
        registry = pytest.importorskip("lmms_eval.models.registry_v2", reason="no lmms-eval here")
        models = registry.ModelRegistryV2()
        models.load_entrypoint_manifests()
        assert models.resolve("visualcrop").model_type == "chat"
        assert models.get_model_class("visualcrop").is_simple is False
        assert [each.name for each in entry_points(group="lmms_eval.models")] == ["visualcrop"]

    def test_the_tasks_folder_is_printed(self) -> None:
        """For `--include_path`."""
        command = [sys.executable, "-m", "visualcrop_lmms.tasks"]
        printed = subprocess.run(command, check=True, capture_output=True, text=True)
        assert (Path(printed.stdout.strip()) / "visualcrop_folder.yaml").is_file()
