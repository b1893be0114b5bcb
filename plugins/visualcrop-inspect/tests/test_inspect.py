"""Inspect itself runs tasks with a search as its model."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog, EvalSample, read_eval_log
from inspect_ai.model import (
    ChatMessageUser,
    ContentImage,
    ContentText,
    ModelOutput,
    ModelUsage,
    get_model,
)
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice

from visualcrop import VisualSearch, evaluate
from visualcrop.cli import app
from visualcrop.testing import Scene
from visualcrop_inspect.tasks import questions

pytestmark = [
    pytest.mark.filterwarnings(  # how Inspect calls tenacity
        "ignore:The 'initial' parameter is deprecated:DeprecationWarning"
    ),
    pytest.mark.filterwarnings(  # what Inspect leaves open when it is run from Python
        "ignore:Unclosed <MemoryObject:ResourceWarning"
    ),
]

_SHAPES = 6


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Questions about small things, exported."""
    folder = tmp_path_factory.mktemp("data") / "shapes"
    words = ["data", "import", f"shapes(count={_SHAPES}, seed=0)", "--to", str(folder)]
    app(words, standalone_mode=False)
    return folder


def _run(task: Task | str, model: Any, folder: Path, **options: Any) -> EvalLog:
    (log,) = inspect_eval(task, model, log_dir=str(folder), display="none", **options)
    return log


def _told(sample: EvalSample) -> dict[str, Any]:
    """What the reply says of its search."""
    assert sample.output.metadata is not None
    told: dict[str, Any] = sample.output.metadata["visualcrop"]
    return told


def _samples(log: EvalLog) -> list[EvalSample]:
    assert log.status == "success", log.error
    assert log.samples
    return log.samples


def _marked(sample: EvalSample) -> str:
    assert sample.scores
    return str(sample.scores["choice"].answer)


def _inspect(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command `inspect`, in a process of its own."""
    command = [sys.executable, "-m", "inspect_ai", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


class TestShapes:
    """The questions of an exported dataset."""

    def test_each_answer_is_that_of_evaluate(self, shapes: Path, tmp_path: Path) -> None:
        """One by one, and so the score."""
        run = evaluate(str(shapes), {"focus": "focus"}, "tiny-shapes", out=tmp_path / "run")
        wanted = {record.id: record for record in run.records() if record.variant == "focus"}
        task = questions(dataset=str(shapes))
        log = _run(task, "visualcrop/tiny-shapes@focus", tmp_path)
        found = {str(sample.id): sample for sample in _samples(log)}
        assert len(found) == len(wanted) == _SHAPES
        for id, record in wanted.items():
            assert found[id].output.completion == record.text
            assert _told(found[id])["passes"] == record.passes
        right = sum(record.score or 0 for record in wanted.values())
        assert log.results is not None
        (score,) = log.results.scores
        assert score.metrics["accuracy"].value == pytest.approx(right / _SHAPES)

    def test_the_command_runs_the_task_that_is_shipped(self, tmp_path: Path) -> None:
        """`inspect eval`, with a searcher that has commas in its spec."""
        ended = _inspect(
            "eval",
            "visualcrop_inspect/questions",
            "-T",
            "dataset=toy(scenes=1, seed=3)",
            "--model",
            "visualcrop/toy",
            "-M",
            "searcher=focus(steps=4, overrun=false)",
            "--display=plain",
            folder=tmp_path,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        (file,) = (tmp_path / "logs").glob("*.eval")
        for sample in _samples(read_eval_log(str(file))):
            assert "steps=4, overrun=false" in _told(sample)["searcher"]

    @pytest.mark.parametrize(("task", "model"), [("shapes", "tiny-shapes"), ("needles", "tiny")])
    def test_pictures_are_drawn_too(self, task: str, model: str, tmp_path: Path) -> None:
        """By tasks of their own, which need no folder."""
        log = _run(
            f"visualcrop_inspect/{task}",
            f"visualcrop/{model}@direct",
            tmp_path,
            task_args={"count": 2},
        )
        first, second = (str(sample.id) for sample in _samples(log))
        assert first.endswith("-attribute-0")
        assert second.endswith("-relation-1")


def _picture() -> str:
    file = BytesIO()
    Scene.draw(43).image.picture.save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


class TestOtherTasks:
    """Tasks that know nothing of visualcrop."""

    def test_inspects_own_multiple_choice(self, tmp_path: Path) -> None:
        """Its prompt is taken apart: the search knows the question and the choices."""
        scene = Scene.draw(43)
        asked = next(each for each in scene.questions if each.question.choices)
        image, text = ContentImage(image=_picture()), ContentText(text=asked.question.text)
        sample = Sample(
            input=[ChatMessageUser(content=[image, text])],
            choices=[*asked.question.choices],
            target="A",
        )
        task = Task([sample], solver=multiple_choice(), scorer=choice())
        (found,) = _samples(_run(task, "visualcrop/toy@focus", tmp_path))
        told = _told(found)
        alone = VisualSearch.open("toy").answer(asked.question)
        assert told["passes"] == alone.passes
        assert [(box["target"], box["confidence"]) for box in told["boxes"]] == [
            (finding.target.text, finding.confidence) for finding in alone.findings
        ]

    def test_our_solver_asks_other_models(self, shapes: Path, tmp_path: Path) -> None:
        """Under a protocol, whose rules read the reply."""
        usage = ModelUsage(input_tokens=1)  # or it fetches a tokenizer to count them
        said = ModelOutput.from_content("mockllm", "The answer is B.")
        said.usage = usage
        model = get_model("mockllm/model", custom_outputs=lambda *_: said)
        task = questions(dataset=str(shapes), protocol="vlmevalkit")
        for sample in _samples(_run(task, model, tmp_path)):
            assert isinstance(sample.messages[0].content, list)
            (text,) = (part for part in sample.messages[0].content if part.type == "text")
            assert text.text.startswith("Question: ")
            assert "\nOptions:\nA. " in text.text
            assert _marked(sample) == "B"


def test_the_example_of_the_how_to_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it stands there: the page itself skips it, as its warnings are allowed only here."""
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "harness.md").read_text("utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "harness.md", "exec"), {})
    assert "'relevance': 1, 'verification': 4, 'answer': 1" in capsys.readouterr().out
