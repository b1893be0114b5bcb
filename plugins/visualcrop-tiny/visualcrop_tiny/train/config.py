"""What a training run is told, in one TOML file."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar, cast

import attrs

from visualcrop import errors

from ..needles import TRAINING, split_of

_T = TypeVar("_T")


@attrs.frozen
class Sizes:
    """Of the network."""

    width: int = 192
    inner: int = 512  # of the decoder's MLP
    layers: int = 6
    heads: int = 4
    eye_layers: int = 4
    eye_heads: int = 3


@attrs.frozen
class Data:
    """Scenes to render; each gives `views.PER_SCENE` views."""

    scenes: int = 7400
    seed: int = 100_000
    processes: int = 2


@attrs.frozen
class Stage:
    """One run of the optimiser; it ends with the steps or with the minutes, whichever is first."""

    steps: int = 3000
    minutes: float = 0.0  # 0 sets no limit
    batch: int = 64
    rate: float = 1.5e-3
    warm: int = 100  # steps
    decay: float = 0.05
    kept: int = 64  # patches that are read of each view, but in
    full: float = 0.0  # this part of the batches, in which all are


@attrs.frozen
class Losses:
    """Weights of the second stage's losses beside that of the replies."""

    dense: float = 1.0  # image tokens are the words for what they show
    align: float = 0.3  # value features of words and patches; 0 leaves V-V to itself
    floor: float = 3.0  # value features may not point away from each other
    place: float = 0.5  # word tokens know where their thing is
    tau: float = 0.07
    layers: tuple[int, int] = (2, 6)  # whose values are aligned


@attrs.frozen
class Config:
    """All of it."""

    name: str = "tiny"
    base: str = ""  # a trained tiny, shipped or in a folder, from which OneVision's layout is made
    seed: int = 0
    processes: int = 2  # on a CPU
    threads: int = 1  # of each process
    device: str = "auto"
    compile: bool = False  # the layers: a minute of work at each start, for a fifth less time
    text: int = 128  # tokens of questions packed behind one view
    save: float = 120.0  # seconds between checkpoints
    sizes: Sizes = Sizes()
    data: Data = Data()
    look: Stage = Stage()
    talk: Stage = Stage(steps=3500, batch=24, rate=1e-3, full=0.25)
    sheets: Stage = Stage(steps=1200, batch=24, rate=5e-4, kept=48, full=0.1)
    losses: Losses = Losses()

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages, in their order."""
        return ("sheets",) if self.base else ("look", "talk")

    def lasting(self) -> dict[str, Any]:
        """All that decides what comes of a run, and so may not change while it lasts."""
        table = attrs.asdict(self)
        del table["data"]["processes"]
        return {name: value for name, value in table.items() if name not in _PASSING}

    def used(self) -> dict[str, Any]:
        """All but the settings of stages that there are not."""
        table = attrs.asdict(self)
        idle = {"look", "talk", "sheets"}.difference(self.stages)
        return {name: value for name, value in table.items() if name not in idle}


_PASSING = {"processes", "threads", "device", "compile", "save"}


def read(name: str) -> Config:
    """The run that a file, or one that ships, describes; what it leaves out is as above."""
    path, shipped = Path(name), files("visualcrop_tiny") / "configs"
    if not path.is_file():
        known = sorted(Path(file.name).stem for file in shipped.iterdir())
        if name not in known:
            raise errors.FileError(
                f"There is no config {name!r}; give a TOML file, or one of {', '.join(known)}."
            )
        path = Path(str(shipped / f"{name}.toml"))
    try:
        config = _built(Config, tomllib.loads(path.read_text("utf-8")))
    except tomllib.TOMLDecodeError as exc:
        raise errors.SpecError(f"{path} is not TOML; {exc}.") from None
    seeds = config.data.seed, config.data.seed + config.data.scenes
    if any(split_of(seed) != "train" for seed in seeds):
        raise errors.SpecError(
            f"Scenes from seed {seeds[0]} on are not for training; choose seeds below {TRAINING}."
        )
    return config


def folder_of(base: str) -> Path:
    """Where the trained model *base* lies."""
    shipped = Path(str(files("visualcrop_tiny") / "weights" / base))
    return shipped if shipped.is_dir() else Path(base)


def _built(cls: type[_T], table: dict[str, Any]) -> _T:
    fields = {field.name: field.default for field in attrs.fields(cast("Any", cls))}
    if unknown := sorted(set(table) - set(fields)):
        raise errors.SpecError(
            f"There is no setting called {unknown[0]!r}; known are {', '.join(fields)}."
        )
    made = {name: _fitted(fields[name], value) for name, value in table.items()}
    return cls(**{**fields, **made})


def _fitted(default: object, value: Any) -> object:
    if attrs.has(type(default)):
        return _built(type(default), value)
    return tuple(value) if isinstance(value, list) else value
