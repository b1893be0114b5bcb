"""Pairs that show the model how to name targets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.refusals import refused
from visualcrop.errors import FileError
from visualcrop.plugin import Registry, Searcher
from visualcrop.plugin.configure import configure
from visualcrop.strategy.base import dataset_defaults
from visualcrop.targets.in_context import InContext, parse_reply, read_examples
from visualcrop.targets.rules import has_pronoun, make_targets

_SETS = ["general", "aokvqa", "gqa", "hr-bench", "mme-realworld", "vstar"]

_PAIR = {"question": "What colour is the mug?", "reply": "The mug."}
_RULE = "must be a list called 'examples' of tables with a question and a reply, or"


class TestShipped:
    """The sets that come with visualcrop."""

    @pytest.mark.parametrize("name", _SETS)
    def test_keep_the_grammar(self, name: str) -> None:
        """Each reply names targets as replies are read, and each question comes once."""
        pairs = read_examples(name)
        assert len(pairs) >= 5
        assert len({question for question, _ in pairs}) == len(pairs)
        assert all(parse_reply(reply) for _, reply in pairs)
        prefix = "To answer the question, I need know the location of "
        assert all(reply.startswith(prefix) for _, reply in pairs)

    def test_each_set_is_its_own(self) -> None:
        """No two sets are the same."""
        assert len({read_examples(name) for name in _SETS}) == len(_SETS)

    def test_name_what_becomes_targets(self) -> None:
        """What an example says to look for is looked for: no pronoun, nothing twice."""
        for name in _SETS:
            for _, reply in read_examples(name):
                named = parse_reply(reply)
                assert len(make_targets(named, limit=8)) == len(named)
                assert not any(map(has_pronoun, named))


class TestByDataset:
    """Which set is shown where nobody says."""

    @pytest.mark.parametrize("searcher", ["focus", "zoomeye"])
    @pytest.mark.parametrize(
        ("dataset", "name"),
        [
            ("vstar", "vstar"),
            ("hrbench", "hr-bench"),
            ("mme-realworld-lite", "mme-realworld"),
            ("aokvqa", "aokvqa"),
            ("gqa", "gqa"),
            ("shapes", "general"),
            ("", "general"),
        ],
    )
    def test_follows_the_dataset(
        self, registry: Registry, searcher: str, dataset: str, name: str
    ) -> None:
        """Of each of the paper's benchmarks the set in its style, of whatever searcher."""
        made = configure(registry, Searcher, searcher, dataset=dataset)
        assert getattr(made, "targets") == InContext(examples=name)  # noqa: B009 - a plug-in's

    def test_every_benchmark_is_one_that_can_be_opened(self, registry: Registry) -> None:
        """The names are those of datasets, and of sets."""
        known = {e.strategy.name for e in registry if e.strategy.kind == "dataset"}
        ((_, default),) = dataset_defaults(InContext).items()
        assert {*default.on} <= known
        assert {*default.on.values()} < {*_SETS}

    def test_gives_way(self, registry: Registry) -> None:
        """What is given wins, even as it is in general, and so does a model's setting."""
        spec = "focus(targets=in-context(examples=general))"
        made = configure(registry, Searcher, spec, dataset="vstar")
        assert getattr(made, "targets") == InContext()  # noqa: B009
        settings = {"in-context": {"examples": "gqa"}}
        made = configure(registry, Searcher, "focus", settings=settings, dataset="vstar")
        assert getattr(made, "targets") == InContext(examples="gqa")  # noqa: B009


class TestFiles:
    """Sets of one's own."""

    @pytest.mark.parametrize("wrapped", [True, False])
    def test_reads_json(self, tmp_path: Path, wrapped: bool) -> None:
        """A list of pairs, or a table that holds one."""
        path = tmp_path / "mine.json"
        path.write_text(json.dumps({"examples": [_PAIR]} if wrapped else [_PAIR]), encoding="utf-8")
        assert read_examples(str(path)) == (("What colour is the mug?", "The mug."),)

    def test_reads_toml(self, tmp_path: Path) -> None:
        """Where, why and objects make the published reply."""
        path = tmp_path / "mine.toml"
        given = "question = 'Who?'\nwhere = 'the café'\nwhy = 'see'\nobjects = 'café and sign'"
        path.write_text(f"[[examples]]\n{given}\n", encoding="utf-8")
        ((question, reply),) = read_examples(str(path))
        assert question == "Who?"
        assert reply == (
            "To answer the question, I need know the location of the café so that I can see. "
            "So I need the information about the following objects: café and sign."
        )

    def test_a_file_that_changed_is_read_again(self, tmp_path: Path) -> None:
        """What was in the file before is not remembered."""
        path = tmp_path / "mine.json"
        for question in ("One?", "Two?"):
            path.write_text(json.dumps([{**_PAIR, "question": question}]), encoding="utf-8")
            assert read_examples(str(path))[0][0] == question

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("{", "Expecting property name"),
            ("4", "'int' object is not iterable"),
            ("{}", "'examples'"),
            ("[4]", "'int' object is not subscriptable"),
            ('[{"reply": "a"}]', "'question'"),
            ('[{"question": "a"}]', "'where'"),
            ('[{"question": 4, "reply": "a"}]', "question and reply must be text"),
            ('[{"question": "a", "reply": ["b"]}]', "question and reply must be text"),
            ("[" * 100_000, "recursion"),
        ],
    )
    def test_refuses_what_are_no_pairs(self, tmp_path: Path, text: str, reason: str) -> None:
        """The message has the file, what it must hold, and what is wrong."""
        path = str(tmp_path / "bad.json")
        Path(path).write_text(text, encoding="utf-8")
        message = refused(FileError, read_examples, path)
        assert message.startswith(f"The examples {path!r} {_RULE}")
        assert reason in message

    def test_refuses_what_is_not_there(self, tmp_path: Path) -> None:
        """A missing file, an unknown set and a home of nobody are three messages."""
        path = str(tmp_path / "none.toml")
        message = refused(FileError, read_examples, path)
        assert message == f"The examples {path!r} cannot be read: No such file or directory."
        message = refused(FileError, read_examples, "vstarr")
        known = "(shipped: aokvqa, general, gqa, hr-bench, mme-realworld, vstar)"
        assert message == (
            f"There are no examples called 'vstarr'; did you mean 'vstar'? {known}, "
            "or give a .toml or .json file."
        )
        refused(FileError, read_examples, "~nobody-at-all/mine.toml")
