"""The commands that tell: `strategies`, `explain`, `plugins list`, `doctor`."""

from __future__ import annotations

import json

from tests.support.running import Run
from visualcrop.plugin import Registry, Spec


class TestStrategies:
    """`visualcrop strategies`."""

    def test_lists_every_strategy(self, run: Run) -> None:
        """Each name stands in the table with its summary."""
        printed = run("strategies").output
        for entry in Registry.load():
            assert entry.strategy.name in printed
            assert entry.strategy.summary() in printed

    def test_json_is_a_list_of_objects(self, run: Run) -> None:
        """Each has kind, name, plugin, summary and options; families their model types, too."""
        told = json.loads(run("strategies", "--json").stdout)
        fields = ["kind", "name", "plugin", "summary", "model_types", "options"]
        assert all(list(entry) == fields for entry in told)
        assert {entry["kind"] for entry in told if entry["model_types"]} == {"model"}
        assert list(dict.fromkeys(entry["kind"] for entry in told)) == Registry.load().kinds()

    def test_one_kind_alone(self, run: Run) -> None:
        """A kind given, only its strategies are listed."""
        told = json.loads(run("strategies", "relevance", "--json").stdout)
        assert {entry["kind"] for entry in told} == {"relevance"}
        assert {"vv", "attention", "kk-norope", "random"} <= {entry["name"] for entry in told}


class TestExplain:
    """`visualcrop explain`."""

    def test_writes_out_every_option(self, run: Run) -> None:
        """The JSON's spec rebuilds the strategy, and has a row for each option."""
        told = json.loads(run("explain", "focus(steps=4)", "--json").stdout)
        spec = Spec.parse(told["spec"])
        assert spec.get("steps") == 4
        assert {"relevance", "relevance.layers", "proposals.k"} <= {
            r["path"] for r in told["options"]
        }

    def test_says_where_a_value_comes_from(self, run: Run) -> None:
        """What was given is told from what the model asks for."""
        words = ("focus(steps=4)", "-m", "toy(local=true)", "-o", "t_type1=0.1", "--json")
        rows = json.loads(run("explain", *words).stdout)["options"]
        origins = {row["path"]: row["origin"] for row in rows if row["origin"]}
        setting = "the model's setting"
        assert origins == {
            "targets.examples": "differs by dataset",
            "steps": "given",
            "t_type1": "given",
            "answer": setting,
            "t_type2": setting,
        }

    def test_explains_any_kind(self, run: Run) -> None:
        """A part can be explained alone."""
        assert run("explain", "anchors").output.startswith("anchors (proposals): Grow a box")


class TestPluginsList:
    """`visualcrop plugins`."""

    def test_names_distribution_and_version(self, run: Run) -> None:
        """Each plug-in stands with what brought it; `list` may be left out."""
        rows = json.loads(run("plugins", "list", "--json").stdout)
        assert {row["name"]: row["distribution"] for row in rows}[
            "attention"
        ] == "visualcrop-attention"
        assert "visualcrop-attention" in run("plugins").output

    def test_a_blocked_one_is_listed_as_such(self, run: Run, monkeypatch) -> None:
        """Blocking takes the strategies away and leaves a line that says so."""
        monkeypatch.setenv("VISUALCROP_BLOCK", "attention")
        rows = json.loads(run("plugins", "list", "--json").stdout)
        assert {row["name"]: row["status"] for row in rows}["attention"] == "blocked"
        told = json.loads(run("strategies", "relevance", "--json").stdout)
        assert "attention" not in {entry["name"] for entry in told}


class TestDoctor:
    """`visualcrop doctor`."""

    def test_examines_the_installation(self, run: Run) -> None:
        """Versions, accelerator, attention kernel and plug-ins are named; nothing is broken."""
        checks = json.loads(run("doctor", "--json").stdout)
        subjects = {check["subject"] for check in checks}
        assert {"torch", "transformers", "torchvision", "accelerator", "flash-attn"} <= subjects
        assert "broken" not in {check["state"] for check in checks}
