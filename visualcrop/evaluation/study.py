"""A study: variants of a search, on the questions of a dataset, under one protocol."""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

import attrs

from ..budget import Budget
from ..data.base import Dataset, Sample
from ..errors import EvaluationError, nearest
from ..interfaces import Searcher
from ..judges.base import Judge
from ..models.base import Model, ModelFamily
from ..plugin.configure import configure, read_dataset, read_model, read_option, read_spec
from ..plugin.model_settings import Settings, apply_settings
from ..plugin.registry import Registry
from ..protocol import Inference, PromptProtocol, Weigh
from ..utils.fields import is_utf8
from .arguments import check_given
from .protocols import get_protocol
from .published.tables import Row, table

BASELINE = "direct"
GUESS = "random guess"  # a row of the paper that no model answers
Texts = Mapping[str, str]


def _check_columns(number: int, names: Iterable[str]) -> None:
    known = table(number).rows[0]
    if wrong := [name for name in names if name not in known]:
        raise EvaluationError(
            f"Table {number} of the paper has no column {wrong[0]!r}; its columns are "
            f"{', '.join(known)}."
        )


def _find_row(number: int, cells: Texts, called: str) -> Row:
    """The one row of a table of the paper with these cells; errors say what it is *called*."""
    found = [row for row in table(number).rows if cells.items() <= row.items()]
    if len(found) != 1:
        raise EvaluationError(
            f"Table {number} of the paper has {len(found)} rows that fit {called!r}, and one is "
            f"wanted; see visualcrop paper {number}."
        )
    return found[0]


@attrs.frozen
class CategoryFigures:
    """Accuracies by category in one of the paper's tables, which has a column for each method."""

    table: int
    columns: Texts  # the paper's column by variant
    rows: Mapping[str, Texts]  # by pattern of categories (see `measures`), cells of the row

    def __attrs_post_init__(self) -> None:
        _check_columns(self.table, self.columns.values())
        for pattern in self.rows:
            self.row(pattern)

    def row(self, pattern: str) -> Row:
        """The paper's row for the categories that fit a pattern."""
        return _find_row(self.table, self.rows[pattern], pattern)


def _to_categories(given: CategoryFigures | Mapping[str, Any] | None) -> CategoryFigures | None:
    return CategoryFigures(**given) if isinstance(given, Mapping) else given


@attrs.frozen
class PaperFigures:
    """Rows of one of the paper's tables, each to be shown beside a variant of a study."""

    table: int
    columns: Texts  # heading in our table, by column of the paper's table
    rows: Mapping[str, Texts]  # by variant, cells that select the row
    where: Texts = attrs.field(factory=dict)  # cells that select in all of the rows
    categories: CategoryFigures | None = attrs.field(default=None, converter=_to_categories)

    def __attrs_post_init__(self) -> None:
        _check_columns(self.table, self.columns)
        for label in self.rows:
            self._row(label)

    @property
    def title(self) -> str:
        return f"Table {self.table} of the paper: {table(self.table).title}"

    def figures(self, label: str) -> list[str]:
        """The paper's figures for a variant; empty cells where it has none."""
        row = self._row(label) if label in self.rows else {}
        return [row.get(name, "") for name in self.columns]

    def _row(self, label: str) -> Row:
        return _find_row(self.table, {**self.where, **self.rows[label]}, label)


def _copy(specs: Texts) -> dict[str, str]:
    return dict(specs)


def _among(literal: Any) -> Any:
    """Validate that a setting is one of the words of *literal*, or none."""
    words = get_args(literal)

    def check(study: Study, field: attrs.Attribute[Any], value: Any) -> None:
        del study
        if value is not None and value not in words:
            known = nearest(str(value), words, called="ways")
            raise EvaluationError(f"There is no {field.name} {str(value)[:50]!r}; {known}.")

    return check


@attrs.frozen
class Study:
    """
    Every variant, on every question, under one protocol.

    All of it is text, so that it can be written to a file, sent to another machine, and run again.
    """

    dataset: str
    model: str
    variants: Texts = attrs.field(converter=_copy)  # a searcher's spec by its label
    protocol: str = "paper"
    inference: Inference | None = attrs.field(default=None, validator=_among(Inference))
    budget: Budget = Budget()
    options: Mapping[str, Sequence[str]] = attrs.field(factory=dict)  # path=value, by label
    sharing: bool = False  # a pass that several variants have in common is run once
    open_ended: bool = False  # questions are asked without their choices
    judge: str | None = None  # scores answers in words that do not match word for word
    beside: PaperFigures | None = None  # the paper's figures, shown beside ours
    # in place of the protocol's own: what option-logits weighs, and whether with the reply's end
    weigh: Weigh | None = attrs.field(default=None, validator=_among(Weigh))
    end_token: bool | None = None
    draws: Mapping[str, Sequence[str]] = attrs.field(factory=dict)  # labels of variants by the name
    # of a row for their mean and deviation; a variant that is drawn again counts again

    def __attrs_post_init__(self) -> None:
        texts = {"dataset": self.dataset, "model": self.model, "protocol": self.protocol}
        for name, text in texts.items():
            check_given(name, text, str, "a text")
        check_given("judge", self.judge, str | None, "a spec, such as 'llm', or none")
        check_given("open_ended", self.open_ended, bool, "True or False")
        check_given("end_token", self.end_token, bool | None, "True, False or none")
        if not self.variants:
            raise EvaluationError("A study needs a searcher; give one with -s, such as -s focus.")
        if unknown := sorted({*self.options} - {*self.variants}):
            known = nearest(unknown[0], self.variants, called="searchers")
            raise EvaluationError(f"There are options for {unknown[0]!r}, no searcher; {known}.")
        if not is_utf8(json.dumps(self.as_json(), ensure_ascii=False)):
            raise EvaluationError(
                "The study holds bytes that are no UTF-8 text; name its parts in another encoding."
            )

    @property
    def digest(self) -> str:
        """Equal for studies whose results belong together."""
        return hashlib.sha256(_canonical(self).encode()).hexdigest()[:16]

    def first_difference(self, other: Study) -> str:
        """The first setting that *other* has differently, with both values; empty if none."""
        ours, theirs = (dict(_flatten(json.loads(_canonical(study)))) for study in (self, other))
        for name in sorted({**ours, **theirs}):
            kept, now = ours.get(name), theirs.get(name)
            if kept is not None and now is None:
                return f"its {name} is {_shorten(kept)}, and now there is none"
            if kept != now:
                return f"its {name} is {_shorten(kept)}, not {_shorten(now)}"
        return ""

    def as_json(self) -> dict[str, Any]:
        """Plain values, from which `from_json` makes the study again."""
        return attrs.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Study:
        beside = PaperFigures(**values["beside"]) if values.get("beside") else None
        return cls(**{**values, "budget": Budget(**values["budget"]), "beside": beside})

    def as_asked(self, sample: Sample) -> Sample:
        """The sample without its choices, if the study is open-ended."""
        return sample.without_choices() if self.open_ended else sample

    def build_searcher(self, label: str, registry: Registry, settings: Settings) -> Searcher:
        """Build the variant of that label, with a model's *settings* where it leaves some open."""
        options = [read_option(text) for text in self.options.get(label, ())]
        spec = read_spec(self.variants[label])
        on = read_dataset(registry, self.dataset).name
        return configure(registry, Searcher, spec, options=options, settings=settings, dataset=on)

    def build_family(self, registry: Registry) -> ModelFamily:
        return registry.build(ModelFamily, read_model(registry, self.model))

    def build_judge(self, registry: Registry) -> Judge | None:
        """Build the judge, if the study names one."""
        return None if self.judge is None else registry.build(Judge, read_spec(self.judge))

    def build_dataset(self, registry: Registry) -> Dataset:
        return registry.build(Dataset, read_dataset(registry, self.dataset))

    def protocol_for(self, dataset: str) -> PromptProtocol:
        """The protocol as it holds for the dataset of that name."""
        found = get_protocol(self.protocol, dataset)
        own: dict[str, Any] = {n: getattr(self, n) for n in ("inference", "weigh", "end_token")}
        return attrs.evolve(found, **{n: value for n, value in own.items() if value is not None})


def _canonical(study: Study) -> str:
    """JSON of every setting that a result may depend on."""
    settings = study.as_json()
    del settings["beside"], settings["draws"]
    for name in ("weigh", "end_token"):  # where left open, digests are as before there were these
        if settings[name] is None:
            del settings[name]
    return json.dumps(settings, sort_keys=True)


def _flatten(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Each setting with its dotted path, such as budget.passes."""
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _shorten(value: object) -> str:
    text = "none" if value is None else repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def label_specs(specs: Sequence[str]) -> dict[str, str]:
    """Searchers' specs by label, from `label=spec` or a spec alone; `direct` always comes first."""
    found = {BASELINE: BASELINE}
    for text in specs:
        label, equals, spec = text.partition("=")
        label, spec = (label, spec) if equals and "(" not in label else (text, text)
        if not label.strip():
            raise EvaluationError(
                f"The searcher {text!r} has no label before its spec; write label=spec, or the "
                "spec alone."
            )
        if found.setdefault(label.strip(), spec.strip()) != spec.strip():
            raise EvaluationError(
                f"Two searchers are called {label!r}; give each a label of its own, label=spec."
            )
    return found


@attrs.define(eq=False)
class KeptModel:
    """
    Keeps the model that was opened last, for runs one after another with the same model.

    It stays in this process: one that is sent to another process has opened nothing.
    """

    _family: ModelFamily | None = attrs.field(default=None, init=False)
    _model: Model | None = attrs.field(default=None, init=False)

    def open(self, family: ModelFamily) -> Model:
        """The model of *family*: the one that was opened last if it is of an equal family."""
        if self._model is None or family != self._family:
            self._model = None  # makes room before the next one is loaded
            gc.collect()
            self._family, self._model = family, family.open()
        self._model.forget()  # the next run costs what it costs by itself
        return self._model

    def __reduce__(self) -> tuple[type[KeptModel], tuple[()]]:
        return KeptModel, ()


@attrs.frozen
class StudyObjects:
    """
    A model and searchers, built as a study describes them.

    What a caller in Python has as an object already is used as it is: *model* and *searchers* hold
    such objects before `complete`, and travel to other processes as they are.
    """

    model: Model | ModelFamily | None = None
    searchers: Mapping[str, Searcher] = attrs.field(factory=dict)
    kept: KeptModel | None = None  # opens a family in place of the family itself

    def complete(self, study: Study, registry: Registry) -> StudyObjects:
        """Build what is not there yet; the model's settings fill what searchers leave open."""
        model = self.model or study.build_family(registry)
        settings = model.settings if isinstance(model, Model) else model.settings()
        on = read_dataset(registry, study.dataset).name
        searchers = {
            label: apply_settings(registry, self.searchers[label], settings, on)
            if label in self.searchers
            else study.build_searcher(label, registry, settings)
            for label in study.variants
        }
        return StudyObjects(model, searchers, self.kept)

    def open_model(self) -> Model:
        """The model, loaded if it is not open yet."""
        if isinstance(self.model, ModelFamily):
            return self.kept.open(self.model) if self.kept else self.model.open()
        assert self.model is not None, "complete() the objects first"  # noqa: S101
        return self.model
