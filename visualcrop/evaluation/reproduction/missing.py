"""What a reproduction needs and this machine lacks, all of it at once, before anything runs."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import attrs

from ...data.base import Dataset, Problem, Sample
from ...data.download import find_repository
from ...data.formats.common import FileDataset
from ...errors import DatasetError, SpecError, UnknownStrategyError, VisualcropError
from ...interfaces import Searcher
from ...judges.base import Judge
from ...models.base import ModelFamily
from ...models.checkpoints.availability import Availability, find_checkpoint
from ...models.families.auto import Auto
from ...plugin.configure import read_dataset, read_model, read_spec
from ...plugin.registry import Registry
from ...spec.parse import Spec
from ...strategy.base import Strategy
from ..study import Study, StudyObjects
from .values import Reproduction, ReproductionRun, Source

Fault: TypeAlias = tuple[str, str]  # what is wrong, and what to do: sentences

# Options that name a checkpoint: a family's own, and the encoder of SEAL's models.
_CHECKPOINTS = ("checkpoint", "vision_tower")
_PLUGINS = {  # that have methods beside which FOCUS is measured
    "dc2": "visualcrop-dc2",
    "hide": "visualcrop-hide",
    "lookwise": "visualcrop-lookwise",
    "seal": "visualcrop-seal",
    "seal-vqa": "visualcrop-seal",
    "seal-vsm": "visualcrop-seal",
    "vicrop": "visualcrop-vicrop",
    "zoomeye": "visualcrop-zoomeye",
}
_READERS: Mapping[type[Strategy], Callable[[Registry, str], Spec]] = {
    Dataset: read_dataset,
    ModelFamily: read_model,
    Searcher: lambda registry, text: read_spec(text),
    Judge: lambda registry, text: read_spec(text),
}
_TRIED = 20  # broken rows at the start of a dataset before it counts as broken


@attrs.frozen
class Missing:
    """One thing that is missing, and the runs that cannot be run without it."""

    reason: str  # a sentence
    fix: str  # a sentence, or empty
    runs: tuple[str, ...]  # their names
    mistake: bool = False  # in what a spec says: no download or installation mends it

    def __str__(self) -> str:
        return f"{self.reason} {self.fix}".strip()


@attrs.define
class Inventory:
    """What the runs of a reproduction need, looked up once each."""

    reproduction: Reproduction
    registry: Registry = attrs.field(factory=Registry.load)
    checkpoints: dict[str, Availability] = attrs.field(factory=dict, init=False)
    _found: dict[tuple[str, str], Fault | None] = attrs.field(factory=dict, init=False)
    _mistakes: set[Fault] = attrs.field(factory=set, init=False)  # in what specs say

    def find_missing(self) -> list[Missing]:
        """Everything that is missing, each with the runs that need it."""
        lacking: dict[Fault, dict[str, None]] = {}
        for run in self.reproduction.runs:
            for fault in self._check_run(run):
                lacking.setdefault(fault, {})[run.name] = None
        return [
            Missing(*fault, tuple(runs), fault in self._mistakes) for fault, runs in lacking.items()
        ]

    def searcher(self, study: Study, label: str) -> Searcher | None:
        """The variant, without a model's settings where the model is not here; none if broken."""
        try:
            return study.build_searcher(label, self.registry, {})
        except VisualcropError:
            return None

    def family(self, model: str) -> ModelFamily | None:
        """The family of a model's spec; none if there is no such plug-in."""
        try:
            return self.registry.build(ModelFamily, read_model(self.registry, model))
        except VisualcropError:
            return None

    def checkpoint(self, name: str, revision: str | None = None) -> Availability:
        """Where a checkpoint is."""
        key = f"{name}@{revision}"
        if key not in self.checkpoints:
            self.checkpoints[key] = find_checkpoint(name, revision)
        return self.checkpoints[key]

    def checkpoint_of(self, family: ModelFamily | None) -> Availability | None:
        """Where the checkpoint of a model is, that which comes with a plug-in included."""
        if isinstance(family, Auto) and not family.checkpoint:
            try:
                return self.checkpoint(family.family().checkpoint)
            except VisualcropError:
                return None
        named = [*_named_checkpoints(family)] if family else []
        return self.checkpoint(*named[0]) if named else None

    def checkpoint_named(self, spec: str) -> Availability | None:
        """Where the checkpoint is that a spec of whatever kind names as an option."""
        try:
            name = read_spec(spec).get("checkpoint")
        except VisualcropError:
            return None
        return self.checkpoint(name) if isinstance(name, str) and name else None

    def find_misfits(self, run: ReproductionRun) -> Iterator[str]:
        """Rows of a run that will fail with its model, as far as its config tells: sentences."""
        named = self.checkpoint_of(self.family(run.study.model))
        most = named.layers if named else None
        if most is None:
            return
        for label in run.study.variants:
            searcher = self.searcher(run.study, label)
            for start, stop in _named_layers(searcher) if searcher else ():
                if stop > most:
                    yield (
                        f"{label!r} in {run.name!r} will fail: layers [{start}, {stop}] do not fit "
                        f"a model of {most} layers."
                    )

    def _check_run(self, run: ReproductionRun) -> Iterator[Fault]:
        """What a run lacks, each with its reason and what to do."""
        study, sources = run.study, self.reproduction
        parts: list[tuple[type[Strategy], str, Source | None]] = [
            (Dataset, study.dataset, sources.datasets[run.dataset]),
            (ModelFamily, study.model, sources.models[run.model]),
            *((Searcher, spec, None) for spec in dict.fromkeys(study.variants.values())),
            *((Judge, spec, None) for spec in (study.judge,) if spec is not None),
        ]
        whole = True
        for interface, spec, source in parts:
            key = interface.kind, spec
            if key not in self._found:
                self._found[key] = self._check_part(interface, spec, source)
            if fault := self._found[key]:
                whole = False
                yield fault
        if whole and (wrong := self._check_whole(study)):
            yield wrong

    def _check_part(
        self, interface: type[Strategy], text: str, source: Source | None
    ) -> Fault | None:
        """What a spec names that is not there: its plug-in, a checkpoint, a dataset's files."""
        try:
            built = self.registry.build(interface, _READERS[interface](self.registry, text))
        except VisualcropError as exc:
            fault = _explain_strategy(exc, text)
            if isinstance(exc, SpecError) and not fault[1]:
                self._mistakes.add(fault)
            return fault
        if isinstance(built, Dataset):
            return _check_files(built, source)
        for name, revision in _named_checkpoints(built):
            found = self.checkpoint(name, revision)
            if found.where == "nowhere":
                models = self.reproduction.models.values()
                source = source or next((each for each in models if name in each.spec), None)
                size = f" ({source.gib:g} GiB)" if source and source.gib else ""
                instead = f", or give {_name_option(source, name)}" if source else ""
                return found.reason, f"Download {name!r}{size} from the hub{instead}."
        return None

    def _check_whole(self, study: Study) -> Fault | None:
        """Whether model and searchers fit together; only where no weights have to be fetched."""
        family = self.family(study.model)
        named = [*_named_checkpoints(family)] if family else []
        if any(self.checkpoint(*each).where != "here" for each in named):
            return None
        try:
            StudyObjects().complete(study, self.registry)
            study.protocol_for(read_dataset(self.registry, study.dataset).name)
        except VisualcropError as exc:
            return str(exc), ""
        return None


def _name_option(source: Source, checkpoint: str) -> str:
    """The option that puts a folder in the place of a model's checkpoint."""
    spec = source.spec.replace(checkpoint, "FOLDER") if checkpoint in source.spec else "FOLDER"
    return f"--model {shlex.quote(f'{source.name}={spec}')}"


def _named_layers(whole: Strategy) -> Iterator[tuple[int, int]]:
    """Ranges of layers that a strategy and those within it name."""
    layers = getattr(whole, "layers", None)
    if isinstance(layers, tuple) and len(layers) == 2:
        yield layers
    for field in attrs.fields(type(whole)):
        inner = getattr(whole, field.name)
        if isinstance(inner, Strategy):
            yield from _named_layers(inner)


def _as_sentence(reason: str, text: str) -> str:
    """What is wrong with a spec's text, in one line: without an arrow below what was read."""
    wanted, arrow, below = reason.partition(" here:\n")
    if not arrow:
        return reason
    line, _, pointer = below.partition("\n")
    before = line[: len(pointer) - 1].strip()
    after = f" after {before!r}" if before else " first"
    return f"{text!r} cannot be read: {wanted[0].lower()}{wanted[1:]}{after}."


def _named_checkpoints(whole: Strategy) -> Iterator[tuple[str, str | None]]:
    """Checkpoints that a strategy and those within it name, each with its revision."""
    for name in _CHECKPOINTS:
        value = getattr(whole, name, "")
        if isinstance(value, str) and value:
            revision = getattr(whole, "revision", None) if name == _CHECKPOINTS[0] else None
            yield value, revision
    for field in attrs.fields(type(whole)):
        inner = getattr(whole, field.name)
        if isinstance(inner, Strategy):
            yield from _named_checkpoints(inner)


def _check_files(dataset: Dataset, source: Source | None) -> Fault | None:
    """Whether a dataset's files are there, and its first question can be asked."""
    if isinstance(dataset, FileDataset) and not dataset.root.exists():
        reason = f"There is no {dataset.name} at {str(dataset.root)!r}."
        return reason, _say_how_to_fetch(dataset, source)
    try:
        fault = _find_first_fault(dataset)
    except VisualcropError as exc:
        fault = str(exc)
    return (fault, "") if fault else None


def _find_first_fault(dataset: Dataset) -> str:
    """Why no question of a dataset can be asked; empty if the first one with its image can."""
    first = ""
    for tried, row in enumerate(dataset.read()):
        if isinstance(row, Sample):
            row.source.size()
            return ""
        if isinstance(row, Problem):
            first = first or f"{row.id!r} is broken: {row.reason}"
        if tried >= _TRIED:
            break
    at = f" at {str(dataset.root)!r}" if isinstance(dataset, FileDataset) else ""
    why = f"; its row {first}" if first else "."
    return f"The dataset {dataset.name!r}{at} holds no question that can be asked{why}"


def _say_how_to_fetch(dataset: FileDataset, source: Source | None) -> str:
    """How to get a dataset's files, and how large they are if the reproduction says so."""
    try:
        find_repository(dataset.name)
    except DatasetError as exc:
        return str(exc)
    size = f" ({source.gib:g} GiB)" if source and source.gib else ""
    folder = shlex.quote(str(dataset.root))
    return f"Fetch it{size}: visualcrop data fetch {dataset.name} --to {folder}"


def _explain_strategy(exc: VisualcropError, text: str) -> Fault:
    """Why a spec's text cannot be built, and the plug-in to install if one of ours has it."""
    if not isinstance(exc, UnknownStrategyError):
        return _as_sentence(str(exc), text), ""
    unknown = str(exc).partition(" is called ")[2]
    plugin = next((_PLUGINS[name] for name in _PLUGINS if unknown.startswith(repr(name))), "")
    return str(exc), f"Install the plug-in that has it: pip install {plugin}" if plugin else ""
