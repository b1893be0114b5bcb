"""
Reads a reproduction from a TOML file: named models, named datasets, and studies over both.

    table = 10                                # of the paper; may be left out
    title = "Accuracy against passes"         # by default that of the table

    [models."llava-1.5"]                      # a name with a dot needs quotes
    spec = "llava-hf/llava-1.5-7b-hf"         # any model's spec
    gib = 13.2                                # of its files on the hub; may be left out
    [models]
    tiny = "tiny"                             # the spec alone will do

    [datasets.vstar]                          # as models; `path` comes from the caller's folder,
    spec = "vstar"                            # FOLDER/<name of the dataset>, where it is left open

    [[study]]
    name = "focus"                            # its runs are called <name>-<model>-<dataset>
    models = ["llava-1.5"]                    # by default all
    datasets = ["vstar"]                      # by default all
    protocol = "zoomeye"                      # and every other key of a study's file but `dataset`
    sharing = true                            # and `model`: inference, open_ended, judge, budget,
    [study.searchers]                         # sweep, options, searchers, paper
    "Steps-1" = "focus(steps=1)"              # rows by their names; `direct` is always one
    "with tiny" = "seal(locator={tiny})"      # {name}: the spec of a model above
    [study.on.vstar]                          # settings on one dataset ...
    protocol = "paper"
    [study.with."llava-1.5"]                  # ... or with one model, which goes before
    searchers = { "Steps-1" = "" }            # no such row here

    [study.paper]                             # the paper's figures: see a study's file
    where = { method = "focus" }
    columns = { accuracy = "accuracy" }       # what of ours stands beside it: see `measures`
    rows = { "Steps-1" = { setting = "Steps-1 (overrun)" } }
    categories = { "Steps-1" = "focus" }      # the paper's column, in its table by category

    [categories]                              # which may be left out: a table of the paper with
    table = 11                                # rows for categories and columns for methods
    rows = { "Perception/*" = { subset = "perception", task = "average" } }

Each study is expanded into one run for each of its models on each of its datasets. What `on` and
`with` hold replaces the study's settings key by key, also within `searchers`, `options`, `budget`
and `paper`; of `sweep` it replaces all. A key that becomes an empty text, table or list is left
out. In `paper`, `table` is that of the file, and the names of the model and the dataset are cells
that select, too, where the table has such columns and `where` does not name them. A row that the
paper has for some runs of a study only stands beside those.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import attrs

from ...data.formats.common import FileDataset
from ...errors import EvaluationError, VisualcropError, nearest
from ...plugin.configure import read_dataset
from ...plugin.registry import Registry
from ..measures import parse_measure
from ..published.tables import Row, table
from ..study import BASELINE, GUESS, Study
from ..study_toml import build_study, check_keys, load_toml, read_table, read_texts, study_keys
from .values import MOST_RUNS, NAME, Reproduction, ReproductionRun, Source

_KEYS = {"table", "title", "models", "datasets", "study", "categories"}
_OWN = {"name", "models", "datasets", "on", "with"}  # keys of a study that are not settings
_SETTINGS = study_keys() - {"model", "dataset"}
_MERGED = {"searchers", "options", "budget", "paper", "rows", "columns", "where"}
_MOST_GIB = 1e6
_MODEL = re.compile(r"\{([A-Za-z0-9._-]{1,60})\}")  # in a searcher's spec


def read_reproduction(
    path: Path, *, data: str | None = None, models: Mapping[str, str] | None = None
) -> Reproduction:
    """
    Read the reproduction of a TOML file, expanded into its runs.

    Args:
        path: The file.
        data: Folder of datasets, each in a folder of its own name; by default $VISUALCROP_DATA.
        models: Specs that replace those of the file, by the model's name there.
    """
    value, called = load_toml(path, "reproduction"), f"reproduction {str(path)!r}"
    check_keys(value, _KEYS, called)
    try:
        reader = _Reader.read(value, models or {}, data)
        runs = tuple(reader.expand())
    except VisualcropError as exc:
        raise type(exc)(f"In the {called}: {str(exc).rstrip('.')}.") from exc
    title = reader.title or (table(reader.table).title if reader.table else path.stem)
    return Reproduction(path, title, reader.table, reader.models, reader.datasets, runs)


@attrs.frozen
class _Reader:
    """The tables of a reproduction's file, before they are expanded."""

    title: str
    table: int | None
    models: Mapping[str, Source]
    datasets: Mapping[str, Source]
    studies: list[dict[str, Any]]
    categories: Mapping[str, Any]  # table and rows of the paper's figures by category

    @classmethod
    def read(cls, value: Mapping[str, Any], models: Mapping[str, str], data: str | None) -> _Reader:
        number, studies, title = value.get("table"), value.get("study"), value.get("title", "")
        if not isinstance(title, str):
            raise EvaluationError(f"the title is {str(title)[:50]!r}, and no text")
        if type(number) not in {int, type(None)}:
            raise EvaluationError(f"the table is {str(number)[:50]!r}, and no number such as 10")
        if number is not None:
            table(number)
        if not isinstance(studies, list) or not _are_tables(studies):
            raise EvaluationError("it has no [[study]], and needs one at least")
        named = {kind: _read_sources(value.get(kind), kind) for kind in ("models", "datasets")}
        replaced = _replace(named["models"], models)
        places = _add_folders(named["datasets"], data)
        categories = read_table(value.get("categories", {}), "categories", {"table", "rows"})
        return cls(title, number, replaced, places, studies, categories)

    def expand(self) -> Iterator[ReproductionRun]:
        """Every run, those of one model together, so that it is loaded once."""
        named = [self._names(study, place) for place, study in enumerate(self.studies, 1)]
        count = sum(len(models) * len(datasets) for models, datasets in named)
        if count > MOST_RUNS:
            raise EvaluationError(f"it has {count:,} runs, and {MOST_RUNS} are the most")
        found = [
            run
            for study, (models, datasets) in zip(self.studies, named, strict=True)
            for run in self._runs(study, [*product(models, datasets)])
        ]
        names: set[str] = set()
        for run in found:
            if run.name.casefold() in names:
                raise EvaluationError(
                    f"two of its runs would be called {run.name!r}; give its studies other names"
                )
            names.add(run.name.casefold())
        order = [*self.models]
        yield from sorted(found, key=lambda run: order.index(run.model))

    def _names(self, study: Mapping[str, Any], place: int) -> tuple[list[str], list[str]]:
        """Names of the models and of the datasets of a study's runs."""
        name = study.get("name")
        if not isinstance(name, str):
            raise EvaluationError(
                f'study {place} of it has no name; give it one, such as name = "focus"'
            )
        _check_name(name, "study")
        check_keys(study, _SETTINGS | _OWN, f"study {name!r}")
        models = _choose(study.get("models"), self.models, f"models of the study {name!r}")
        datasets = _choose(study.get("datasets"), self.datasets, f"datasets of the study {name!r}")
        for key, known in (("on", datasets), ("with", models)):
            check_keys(
                read_table(study.get(key, {}), key), {*known}, f"table [study.{key}] of {name!r}"
            )
        return models, datasets

    def _runs(
        self, study: Mapping[str, Any], pairs: list[tuple[str, str]]
    ) -> Iterator[ReproductionRun]:
        """The runs of one study, with the rows of the paper that each of them has."""
        settings = [_settings(study, *pair) for pair in pairs]
        papers = [
            self._paper(each.pop("paper"), *pair) if "paper" in each else None
            for each, pair in zip(settings, pairs, strict=True)
        ]
        _check_found(study["name"], papers)
        own = read_table(study.get("searchers", {}), "searchers")
        labels = {BASELINE, GUESS, *own}  # also one that no run keeps
        for (model, dataset), each, paper in zip(pairs, settings, papers, strict=True):
            name = f"{study['name']}-{model}-{dataset}"
            specs = {"model": self.models[model].spec, "dataset": self.datasets[dataset].spec}
            beside = {"paper": paper.as_table()} if paper and paper.found else {}
            built = build_study(self._name_models(each) | specs | beside, f"run {name!r}")
            _check_figures(built)
            labels |= {*built.variants, *built.draws}
            within = self._names_within(each)
            yield ReproductionRun(name, study["name"], model, dataset, built, within)
        asked = {label for paper in papers if paper for label in paper.asked}
        if lost := sorted(asked - labels):
            close = nearest(lost[0], labels, called="rows")
            raise EvaluationError(
                f"the study {study['name']!r} has no row {lost[0]!r} to stand beside the paper's; "
                f"{close}"
            )

    def _name_models(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings, with the spec of a model wherever a searcher's spec has {its name}."""
        if "searchers" not in settings:
            return dict(settings)
        texts = read_texts(settings["searchers"], "searchers")
        return {**settings, "searchers": {label: self._fill(spec) for label, spec in texts.items()}}

    def _names_within(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """Names of the models that the searchers' specs name."""
        specs = settings.get("searchers", {}).values()
        named = (name for spec in specs for name in _MODEL.findall(spec))
        return tuple(dict.fromkeys(name for name in named if name in self.models))

    def _fill(self, spec: str) -> str:
        """A spec with those of models in it; what these name in turn is left, so that it ends."""

        def find(named: re.Match[str]) -> str:
            source = self.models.get(named[1])
            return named[0] if source is None else source.spec

        return _MODEL.sub(find, spec)

    def _paper(self, given: Any, model: str, dataset: str) -> _PaperRows:
        """The paper's rows for one model on one dataset."""
        known = {"table", "columns", "rows", "where", "categories"}
        paper = read_table(given, "paper", known)
        number = paper.get("table", self.table)
        if type(number) is not int:
            raise EvaluationError("its [study.paper] names no table, and neither does the file")
        rows = table(number).rows
        own = {n: v for n, v in (("model", model), ("dataset", dataset)) if n in rows[0]}
        where = own | read_texts(paper.get("where", {}), "paper.where")
        labels = read_table(paper.get("rows", {}), "paper.rows")
        cells = {label: read_texts(each, f"paper.rows.{label}") for label, each in labels.items()}
        methods = {"columns": paper["categories"]} if "categories" in paper else {}
        categories = {**self.categories, **methods} if methods else {}
        return _PaperRows(number, paper.get("columns", {}), where, cells, rows, categories)


@attrs.frozen
class _PaperRows:
    """Rows of the paper's table that are asked for, and those of them that it has."""

    number: int
    columns: Any
    where: Mapping[str, str]
    asked: Mapping[str, Mapping[str, str]]
    rows: Sequence[Row] = attrs.field(repr=False)
    categories: Mapping[str, Any] = attrs.field(factory=dict)

    @property
    def found(self) -> Mapping[str, Mapping[str, str]]:
        """Those that some row of the table fits; one that several fit is refused later."""
        return {
            label: cells
            for label, cells in self.asked.items()
            if any({**self.where, **cells}.items() <= row.items() for row in self.rows)
        }

    def as_table(self) -> dict[str, Any]:
        """As a study's file has it."""
        how = {"table": self.number, "columns": self.columns, "where": dict(self.where)}
        more = {"categories": dict(self.categories)} if self.categories else {}
        return {**how, "rows": self.found, **more}


def _check_found(name: str, papers: list[_PaperRows | None]) -> None:
    """Refuse a row that the paper has for no run of the study."""
    asked = {label for paper in papers if paper for label in paper.asked}
    found = {label for paper in papers if paper for label in paper.found}
    if lost := sorted(asked - found):
        number = next(paper.number for paper in papers if paper)
        raise EvaluationError(
            f"Table {number} of the paper has no row that fits {lost[0]!r} of the study {name!r}; "
            f"see visualcrop paper {number}"
        )


def _check_figures(study: Study) -> None:
    """Refuse figures that could not be compared: better now than when all runs are done."""
    if study.beside is None:
        return
    for column, measure in study.beside.columns.items():
        parse_measure(measure)
        for printed in (row[column] for row in table(study.beside.table).rows):
            try:
                float(printed or 0)
            except ValueError:
                raise EvaluationError(
                    f"the column {column!r} of the paper's Table {study.beside.table} holds "
                    f"{printed[:50]!r}, which is no number to compare"
                ) from None


def _settings(study: Mapping[str, Any], model: str, dataset: str) -> dict[str, Any]:
    """The settings of a study with one model on one dataset."""
    settings = {key: value for key, value in study.items() if key not in _OWN}
    for key, name in (("on", dataset), ("with", model)):
        found = study.get(key, {}).get(name, {})
        settings = _merge(settings, read_table(found, f"study.{key}.{name}", _SETTINGS))
    return settings


def _merge(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with changes key by key; what they leave empty is gone."""
    merged = dict(settings)
    for key, value in changes.items():
        old = merged.get(key)
        if key in _MERGED and isinstance(old, dict) and isinstance(value, dict):
            merged[key] = _merge(old, value)
        elif value in ("", {}, []):
            merged.pop(key, None)
        else:
            merged[key] = value
    return merged


def _read_sources(value: Any, kind: str) -> dict[str, Source]:
    """Models or datasets by name."""
    given = read_table({} if value is None else value, kind)
    if not given:
        raise EvaluationError(f"it names no {kind}; add a table [{kind}]")
    return {name: _read_source(name, each, kind) for name, each in given.items()}


def _read_source(name: str, given: Any, kind: str) -> Source:
    """A model or a dataset: its spec alone, or a table with it."""
    _check_name(name, kind[:-1])
    if isinstance(given, dict) and _are_tables([*given.values()]):
        longer = f"{kind}.{name}.{next(iter(given))}"
        raise EvaluationError(
            f"[{longer}] is a table within another; a name with a dot needs quotes, as in "
            '[models."llava-1.5"]'
        )
    entry = {"spec": given} if isinstance(given, str) else given
    entry = read_table(entry, f"{kind}.{name}", {"spec", "gib"})
    spec, gib = entry.get("spec"), entry.get("gib")
    if not isinstance(spec, str) or not spec.strip():
        raise EvaluationError(f"the {kind[:-1]} {name!r} has no spec, which is a text")
    if gib is not None and (type(gib) not in {int, float} or not 0 < gib < _MOST_GIB):
        raise EvaluationError(f"the gib of {name!r} is {str(gib)[:50]!r}, and no number over 0")
    return Source(name, spec, gib)


def _replace(models: Mapping[str, Source], specs: Mapping[str, str]) -> dict[str, Source]:
    """Models, of which the caller replaces some."""
    if unknown := [name for name in specs if name not in models]:
        close = nearest(unknown[0], models, called="models")
        raise EvaluationError(f"it has no model {unknown[0]!r}; {close}")
    return {
        name: Source(name, specs[name], replaced=source.spec) if name in specs else source
        for name, source in models.items()
    }


def _add_folders(sources: Mapping[str, Source], data: str | None) -> Mapping[str, Source]:
    """The datasets, those in files with a `path` below the caller's folder."""
    if data is None:
        return sources
    registry = Registry.load()
    return {name: _add_folder(source, data, registry) for name, source in sources.items()}


def _add_folder(source: Source, data: str, registry: Registry) -> Source:
    """A dataset in files with its `path` below the caller's folder, where it is left open."""
    spec = read_dataset(registry, source.spec)
    entries = registry.entries_for("dataset", spec.name)
    in_files = any(issubclass(entry.strategy, FileDataset) for entry in entries)
    if not in_files or spec.get("path"):
        return source
    path = str(Path(data) / spec.name)
    return attrs.evolve(source, spec=str(spec.with_option("path", path)))


def _choose(given: Any, known: Mapping[str, Source], called: str) -> list[str]:
    """The names of a list, or all that there are."""
    if given is None:
        return [*known]
    if not (isinstance(given, list) and given and all(isinstance(name, str) for name in given)):
        raise EvaluationError(f"the {called} are no list of names")
    if unknown := [name for name in given if name not in known]:
        close = nearest(unknown[0], known, called="names")
        raise EvaluationError(f"the {called} have {unknown[0][:50]!r} among them; {close}")
    return [*dict.fromkeys(given)]


def _are_tables(values: Sequence[object]) -> bool:
    """Whether there are some, and all are tables."""
    return bool(values) and all(isinstance(value, dict) for value in values)


def _check_name(name: str, what: str) -> None:
    """Refuse a name that could not be part of a folder's name on every system."""
    if not NAME.fullmatch(name):
        raise EvaluationError(
            f"the {what} is called {name[:60]!r}; give it a name of letters, digits, dots, hyphens "
            "and underscores, 60 at most"
        )
