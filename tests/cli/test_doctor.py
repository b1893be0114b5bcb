"""`visualcrop doctor` tells what a machine has, and what to do about what it lacks."""

from __future__ import annotations

import json
import shutil
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec as find
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest
import torch
from huggingface_hub import constants

from tests.support.running import Run
from visualcrop.models.checkpoints import load_errors

checks = import_module("visualcrop.cli.doctor")  # the package's attribute is the command


@pytest.fixture
def told(run: Run) -> Any:
    """Each line's state, detail and remedy, by its subject."""

    def look() -> dict[str, dict[str, str]]:
        lines = json.loads(run("doctor", "--json").stdout)
        return {line["subject"]: line for line in lines}

    return look


def _installed(monkeypatch: pytest.MonkeyPatch, name: str, module: object) -> None:
    """A package that is found, and is *module*, or cannot be imported if that is none."""

    def find_spec(asked: str, package: str | None = None) -> ModuleSpec | None:
        return ModuleSpec(asked, None) if asked == name else find(asked, package)

    for place in (checks, load_errors):
        monkeypatch.setattr(place, "find_spec", find_spec)
    monkeypatch.setitem(sys.modules, name, module)


class TestDoctor:
    """One line for each thing that a model needs or may use."""

    def test_subjects(self, told) -> None:
        """Versions, accelerator, attention, packages for few bits, hub, downloads, plug-ins."""
        subjects = set(told())
        assert {"python", "visualcrop", "torch", "transformers", "torchvision"} <= subjects
        assert {"accelerator", "attention", "flash-attn", "quantisation"} <= subjects
        assert {"threads", "cores"} <= subjects
        assert {"hub", "downloads", "plug-in builtins"} <= subjects

    def test_printed_lines_say_the_same(self, run: Run, monkeypatch) -> None:
        """Without --json there is a line for each subject, the remedy on its own."""
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        lines = run("doctor").output.splitlines()
        assert (
            "note    hub: offline, for HF_HUB_OFFLINE is set; only downloaded models can be named"
            in lines
        )
        assert lines[-1] == "For a model on this machine: visualcrop check MODEL"

    def test_threads_and_cores(self, told, monkeypatch) -> None:
        """Those of torch, those of small models, and what `evaluate` does with the cores."""
        monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
        monkeypatch.setenv("VISUALCROP_WORKERS", "5")
        found = told()
        assert found["threads"]["detail"].startswith("7 for a model on the CPU, but 1 for one")
        assert "in 5 processes, from 40 answers on" in found["cores"]["detail"]
        monkeypatch.setenv("VISUALCROP_WORKERS", "1")
        assert told()["cores"]["detail"].endswith("evaluate asks in one process")

    def test_a_wrong_number_of_processes(self, run: Run, told, monkeypatch) -> None:
        """It is broken, and the fix says what would be right."""
        monkeypatch.setenv("VISUALCROP_WORKERS", "none")
        found = told()["cores"]
        assert (found["state"], "from 1" in found["fix"]) == ("broken", True)
        assert run("doctor").exit_code == 1

    def test_a_broken_torchvision(self, run: Run, told, monkeypatch) -> None:
        """It is broken, and so is the whole: the command fails."""
        _installed(monkeypatch, "torchvision", None)
        found = told()["torchvision"]
        assert found["state"] == "broken"
        assert found["detail"] == "it does not match torch (ModuleNotFoundError)"
        assert found["fix"] == "Remove it: pip uninstall torchvision"
        assert run("doctor").exit_code == 1

    def test_flash_attention(self, told, monkeypatch) -> None:
        """Not there is a note, built for another torch is broken; else it has a version."""
        assert told()["flash-attn"]["state"] == "note"
        _installed(monkeypatch, "flash_attn", None)
        assert told()["flash-attn"]["state"] == "broken"
        _installed(monkeypatch, "flash_attn", SimpleNamespace(__version__="2.8.3"))
        assert told()["flash-attn"]["detail"] == "2.8.3"

    def test_gpus(self, told, monkeypatch) -> None:
        """Without a GPU that is a note; with one, its name and memory."""
        if not torch.cuda.is_available():
            assert told()["accelerator"]["state"] == "note"
        card = SimpleNamespace(name="H200", total_memory=141 * 2**30)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: card)
        assert told()["accelerator"]["detail"] == "cuda:0, H200, 141 GiB"

    def test_few_bits(self, told, monkeypatch) -> None:
        """The packages that are missing are named; with them there is a version."""
        monkeypatch.setattr(load_errors, "missing_packages", lambda bits: ["one", "another"])
        assert told()["quantisation"]["detail"] == (
            "bits=8 and bits=4 need one and another, not installed"
        )
        monkeypatch.setattr(load_errors, "missing_packages", lambda bits: [])
        monkeypatch.setattr(checks, "version", lambda name: "0.46.1")
        assert told()["quantisation"]["detail"] == "bitsandbytes 0.46.1"


class TestHub:
    """Whether models can be had, and where they go."""

    def test_out_of_reach(self, told) -> None:
        """Without a network that is a note, with what works all the same."""
        found = told()["hub"]
        assert found["state"] == "note"
        assert "cannot be reached" in found["detail"]
        assert found["fix"] == "Give folders and downloaded models, or go online"

    def test_within_reach(self, told, monkeypatch) -> None:
        """A hub that answers is in order, and named."""
        asked = []
        session = SimpleNamespace(head=lambda url, timeout: asked.append((url, timeout)))
        monkeypatch.setattr(huggingface_hub, "get_session", lambda: session)
        assert told()["hub"]["detail"] == constants.ENDPOINT
        assert asked == [(constants.ENDPOINT, 3)]

    def test_offline(self, told, monkeypatch) -> None:
        """When the user wants it so, nobody is asked."""
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        monkeypatch.setattr(huggingface_hub, "get_session", lambda: pytest.fail("asked"))
        assert told()["hub"]["detail"].startswith("offline, for HF_HUB_OFFLINE is set")

    def test_room(self, told, monkeypatch, tmp_path) -> None:
        """Downloads are counted, where they are or will be, and little room is a note."""
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "not" / "yet"))
        monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=2**40))
        assert told()["downloads"]["detail"] == f"{tmp_path}/not/yet, 0 models, 1024 GiB free"
        (tmp_path / "not" / "yet" / "models--a--b").mkdir(parents=True)
        monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=2**30))
        found = told()["downloads"]
        assert (found["state"], found["fix"]) == (
            "note",
            "Set HF_HOME to a folder with more room",
        )
        assert "1 models, 1 GiB free" in found["detail"]
