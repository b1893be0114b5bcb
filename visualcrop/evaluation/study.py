"""What is to be measured: variants of a search, on the questions of a dataset."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

import attrs

from ..budget import Budget
from ..data.base import Dataset, Sample
from ..errors import EvaluationError, nearest
from ..interfaces import Searcher
from ..judges.base import Judge
from ..plugin.configure import configure, read_dataset, read_option, read_spec
from ..plugin.model_settings import Settings
from ..plugin.registry import Registry
from ..protocol import Inference, PromptProtocol
from ..values import is_writable
from .protocols import protocol
from .study_paper import Beside

BASELINE = "direct"


def _copied(specs: Mapping[str, str]) -> dict[str, str]:
    return dict(specs)


def _known(study: Study, field: attrs.Attribute[Any], value: Any) -> None:
    del study
    if value is not None and value not in get_args(Inference):
        known = nearest(str(value), get_args(Inference), called="ways")
        raise EvaluationError(f"There is no {field.name} {str(value)[:50]!r}; {known}.")


def _told(study: Study) -> str:
    """All that a result may hang on."""
    told = study.as_json()
    del told["beside"]
    return json.dumps(told, sort_keys=True)


def _settings(told: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Each by its path, such as budget.passes."""
    for name, value in told.items():
        if isinstance(value, dict):
            yield from _settings(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _said(value: object) -> str:
    told = "none" if value is None else repr(value)
    return told if len(told) <= 100 else f"{told[:97]}..."


@attrs.frozen
class Study:
    """
    Every variant, on every question, under one protocol.

    All in words, so that it can be written down, sent to another machine, and run again.
    """

    dataset: str
    model: str
    variants: Mapping[str, str] = attrs.field(converter=_copied)  # a searcher's spec by its label
    protocol: str = "paper"
    inference: Inference | None = attrs.field(default=None, validator=_known)
    budget: Budget = Budget()
    options: Mapping[str, Sequence[str]] = attrs.field(factory=dict)  # path=value, by label
    sharing: bool = False  # variants share the passes that they have in common
    open_ended: bool = False  # questions are put without their choices
    judge: str | None = None  # rules on answers in words that are not right word for word
    beside: Beside | None = None  # figures of the paper that are shown with ours

    def __attrs_post_init__(self) -> None:
        if not self.variants:
            raise EvaluationError("A study needs a searcher; give one with -s, such as -s focus.")
        if unknown := sorted({*self.options} - {*self.variants}):
            known = nearest(unknown[0], self.variants, called="searchers")
            raise EvaluationError(f"There are options for {unknown[0]!r}, no searcher; {known}.")
        if not is_writable(json.dumps(self.as_json(), ensure_ascii=False)):
            raise EvaluationError(
                "The study holds bytes that are no UTF-8 text; name its parts in another encoding."
            )

    @property
    def digest(self) -> str:
        """Equal for studies whose results belong together."""
        return hashlib.sha256(_told(self).encode()).hexdigest()[:16]

    def differing(self, other: Study) -> str:
        """The first setting that *other* has differently, with both values; empty if none has."""
        ours, theirs = (dict(_settings(json.loads(_told(study)))) for study in (self, other))
        for name in sorted({**ours, **theirs}):
            kept, now = (told.get(name) for told in (ours, theirs))
            if kept != now:
                return f"its {name} is {_said(kept)}, not {_said(now)}"
        return ""

    def as_json(self) -> dict[str, Any]:
        """Plain values, from which `from_json` makes the study again."""
        return attrs.asdict(self)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Study:
        beside = Beside(**told["beside"]) if told.get("beside") else None
        return cls(**{**told, "budget": Budget(**told["budget"]), "beside": beside})

    def searcher(self, label: str, registry: Registry, settings: Settings) -> Searcher:
        """The variant of that label, fitted to the model that has *settings*."""
        options = [read_option(text) for text in self.options.get(label, ())]
        spec = read_spec(self.variants[label])
        on = read_dataset(registry, self.dataset).name
        return configure(registry, Searcher, spec, options=options, settings=settings, dataset=on)

    def put(self, sample: Sample) -> Sample:
        """The sample as it is asked: without choices, if the study is open-ended."""
        if not (self.open_ended and sample.choices):
            return sample
        return attrs.evolve(sample, choices=(), answer=sample.answers)

    def build_judge(self, registry: Registry) -> Judge | None:
        """Who rules on answers in words; none leaves it to their words."""
        return None if self.judge is None else registry.build(Judge, read_spec(self.judge))

    def open_dataset(self, registry: Registry) -> Dataset:
        return registry.build(Dataset, read_dataset(registry, self.dataset))

    def protocol_for(self, dataset: Dataset) -> PromptProtocol:
        """How this dataset's questions are put."""
        found = protocol(self.protocol, dataset.name)
        return attrs.evolve(found, inference=self.inference or found.inference)


def labelled(specs: Sequence[str]) -> dict[str, str]:
    """Searchers' specs by their labels, which `label=spec` gives; asking directly always first."""
    found = {BASELINE: BASELINE}
    for text in specs:
        label, equals, spec = text.partition("=")
        label, spec = (label, spec) if equals and "(" not in label else (text, text)
        if found.setdefault(label.strip(), spec.strip()) != spec.strip():
            raise EvaluationError(
                f"Two searchers are called {label!r}; give each a label of its own, label=spec."
            )
    return found
