"""A report of a check counts its results, and tells nothing private."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

import pytest
import torch

from visualcrop import CheckReport, CheckResult
from visualcrop.check.comparing import Comparison
from visualcrop.check.costs import advise
from visualcrop.check.machine import describe_machine, list_packages
from visualcrop.check.report import redact, redact_user

_PRIVATE = {
    "a path": ("no file /data/alice/llava/config.json here", "no file .../config.json here"),
    "a quoted path": ("'/mnt/secret/weights' is odd", "'.../weights' is odd"),
    "a path below a folder": ("at ../alice/models/llava.", "at .../llava."),
    "a path of Windows": (r"cannot read C:\Users\alice\llava", "cannot read .../llava"),
    "a token of the hub": ("with hf_abcdefghijklmnop as token", "with hf_... as token"),
    "a password": ("https://alice:secret@host/x", "https://host/x"),
}
_OPEN = (
    "llava-hf/llava-1.5-7b-hf",
    "Yes/No, 12/14 and </s>",
    "https://huggingface.co/llava-hf",
    "set memory=0; or attention=eager",
)


class TestRedacting:
    """What a report for everybody may hold."""

    @pytest.mark.parametrize(("text", "left"), _PRIVATE.values(), ids=_PRIVATE)
    def test_private_parts_go(self, text: str, left: str) -> None:
        """Folders, tokens and passwords; the file's own name stays."""
        assert redact(text) == left

    @pytest.mark.parametrize("text", _OPEN)
    def test_the_rest_stays(self, text: str) -> None:
        """Names on the hub, tokens of a template, addresses."""
        assert redact(text) == text

    def test_home_and_user(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A user's name goes where it is a word, and a home is `~`."""
        monkeypatch.setattr(Path, "home", lambda: Path("/home/alice"))
        monkeypatch.setattr(getpass, "getuser", lambda: "alice")
        assert redact_user("alice's malice, in /home/alice") == "user's malice, in ~"

    def test_a_user_without_a_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As in some containers: nothing is replaced, and nothing raised."""

        def nobody() -> str:
            raise KeyError("uid 4711")

        monkeypatch.setattr(getpass, "getuser", nobody)
        assert redact_user("a model") == "a model"


class TestReport:
    """Results in their order, and as JSON."""

    _report = CheckReport(
        {"name": "mine"},
        {"gpus": []},
        {"torch": "2.13.0"},
        (
            CheckResult("files", "ok", "all there", figures={"rendered": "at /data/alice/x"}),
            CheckResult("order", "fail", "lost", "do this", {"odd": float("nan")}, 1.5),
            CheckResult("sanity", "skipped", "needs order"),
        ),
    )

    def test_counts(self) -> None:
        """By state, and in words without those of which there are none."""
        assert self._report.failed
        assert self._report.counts == {"ok": 1, "note": 0, "fail": 1, "skipped": 1}
        assert self._report.summary == "1 ok, 1 failed, 1 skipped"
        assert self._report.seconds == 1.5

    def test_results_by_name(self) -> None:
        """In their order, too."""
        assert self._report["order"].fix == "do this"
        assert [result.name for result in self._report] == ["files", "order", "sanity"]
        with pytest.raises(KeyError):
            self._report["orders"]

    def test_dict_is_redacted_to_its_depth(self) -> None:
        """Every text in it, however deep it lies."""
        checks = self._report.to_dict()["checks"]
        assert checks[0]["figures"]["rendered"] == "at .../x"
        assert json.dumps(checks[2])


class TestComparison:
    """Logits are compared within rounding, decisions by the best of them."""

    def test_equal_but_for_rounding(self) -> None:
        """The difference is measured against the largest logit."""
        compared = Comparison([((10.0, 4.0, 1.0), (10.1, 4.0, 1.0))], 0.02)
        assert compared.scale == 10.1
        assert compared.difference == pytest.approx(0.1)
        assert compared.decisions == (2, 2)

    def test_a_decision_that_differs(self) -> None:
        """The best of all replies is another one; that of the first two is the same."""
        compared = Comparison([((3.0, 2.0, 9.0), (3.0, 2.0, 1.0))], 0.02)
        assert compared.decisions == (1, 2)

    def test_what_is_not_a_number_differs(self) -> None:
        """However many are equal."""
        nan = float("nan")
        assert Comparison([((nan, 2.0), (1.0, 2.0))], 0.02).difference == float("inf")


class TestHardware:
    """What would be faster, where something is at hand."""

    @pytest.mark.parametrize(
        ("given", "advice"),
        [
            (("cpu", "bfloat16", "sdpa", False), ""),
            (("cpu", "float16", "sdpa", False), "set dtype=bfloat16"),
            (("cuda", "float32", "sdpa", False), "dtype=bfloat16 takes half the memory"),
            (("cuda", "float32", "sdpa", True), ""),
            (("cuda", "bfloat16", "eager", False), "attention=sdpa is faster"),
        ],
    )
    def test_advice(
        self,
        given: tuple[str, str, str, bool],
        advice: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A dtype or kernel that costs time for nothing; packed weights are what they are."""
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        device, dtype, kernel, quantised = given
        told = advise(device, dtype, kernel, quantised=quantised)
        assert (advice in told) if advice else not told

    def test_a_gpu_that_is_not_used(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It comes before all else."""
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        found = advise("cpu", "float32", "eager", quantised=False)
        assert found == "there is a GPU: set device=cuda"


class TestMachine:
    """What is told of the machine."""

    def test_names_of_host_and_user_are_not_told(self) -> None:
        """Versions, sizes and kinds only."""
        assert set(describe_machine()) == {
            *("python", "system", "architecture", "processor", "cores", "threads", "memory_bytes"),
            *("cuda", "gpus"),
        }

    def test_packages_of_plug_ins_are_listed(self) -> None:
        """With their versions, after those that answers depend on."""
        packages = list_packages()
        assert {"visualcrop", "torch", "transformers", "visualcrop-tiny"} <= set(packages)
        assert all(packages.values())
