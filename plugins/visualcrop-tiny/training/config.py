"""The config of a training run, read from a TOML file."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import attrs

from visualcrop import errors
from visualcrop_tiny.drawn import TRAIN_SEEDS_END, split_of


@attrs.frozen
class ModelSizes:
    """Sizes of the network; the vision tower has the decoder's hidden size."""

    hidden_size: int = 192
    intermediate_size: int = 512  # of the decoder's MLP
    layers: int = 6
    heads: int = 4
    vision_layers: int = 6
    vision_heads: int = 3


@attrs.frozen
class DataConfig:
    """Scenes to draw. Their seeds must be of the train split."""

    scenes: int = 2400
    seed: int = 100_000  # of the first scene
    signs: int = 0  # more places, of which there are parts with many signs alone
    photographs: bool = False  # with grain and parts of scikit-image's photographs
    workers: int = 2  # processes that draw scenes

    @property
    def places(self) -> int:
        """All that are drawn, with those of which there are only signs."""
        return self.scenes + self.signs


@attrs.frozen
class StageConfig:
    """One stage of training. It ends after `steps`, or after `minutes` if these are not 0."""

    steps: int = 3000
    minutes: float = 0.0  # 0: no limit
    batch_size: int = 64  # per step, over all processes
    learning_rate: float = 1.5e-3  # peak, after the warmup
    warmup_steps: int = 100
    weight_decay: float = 0.05
    patches: int = 144  # encoded per image; the others are dropped
    full_batches: float = 0.0  # fraction of the batches in which no patch is dropped
    without_images: float = 0.13  # fraction of the later stages' batches that are words alone


@attrs.frozen
class LossWeights:
    """Weights of the auxiliary losses; the loss of the replies has weight 1."""

    dense: float = 1.0  # image tokens predict the words for what they show
    dense_layers: tuple[int, ...] = (0, 3)  # whose inputs do so, as the last output does
    align: float = 0.3  # value features of words and their patches are alike; 0: V-V is untrained
    floor: float = 3.0  # cosines of value features are not negative
    contrast: float = 0.0  # states of words and their patches are alike, not their values
    taught: float = 0.0  # first stage in Qwen's layout: features are those of the base's eye
    centres: float = 0.3  # image features tell the middle of things, so that these are counted
    names: float = 0.25  # names predict place, colour, count and ground of their things
    matches: float = 0.5  # letters of choices predict whether they are the sign's
    temperature: float = 0.07  # of `align` and `contrast`
    layers: tuple[int, int] = (2, 6)  # half-open range of the decoder layers of both


@attrs.frozen
class Config:
    """The config of a whole run."""

    name: str = "tiny"
    layout: Literal["llava", "onevision", "qwen"] = "llava"
    base: str = ""  # trained tiny of LLaVA's layout, by name or folder, to start from
    fresh_decoder: bool = False  # of the base, take the vision tower alone
    seed: int = 0
    processes: int = 2  # on a CPU; on a GPU there is one
    threads: int = 1  # of each process
    device: str = "auto"
    tied_values: bool = False  # attention writes what it reads: its output projection is `v_proj.T`
    compile: bool = False  # compile the layers: a minute at each start, for a fifth less per step
    text_tokens: int = 144  # of the questions packed behind each image
    checkpoint_seconds: float = 120.0  # between two checkpoints
    model: ModelSizes = ModelSizes()
    data: DataConfig = DataConfig()
    pretrain: StageConfig = StageConfig()
    words: StageConfig = StageConfig(steps=0, without_images=1.0)  # until letters are told
    finetune: StageConfig = StageConfig(
        steps=3500, batch_size=24, learning_rate=1e-3, full_batches=0.25
    )
    onevision: StageConfig = StageConfig(
        steps=1200, batch_size=24, learning_rate=5e-4, patches=80, full_batches=0.1
    )
    losses: LossWeights = LossWeights()

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages, in order."""
        if self.layout == "onevision":
            return ("onevision",)
        return tuple(n for n in ("pretrain", "words", "finetune") if self.stage(n).steps)

    def stage(self, name: str) -> StageConfig:
        """The config of the stage called *name*."""
        config: StageConfig = getattr(self, name)
        return config

    def reproducible(self) -> dict[str, Any]:
        """The settings that the weights depend on; they may not change when a run is resumed."""
        table = attrs.asdict(self)
        del table["data"]["workers"]
        return {name: value for name, value in table.items() if name not in _RUNTIME_SETTINGS}

    def used(self) -> dict[str, Any]:
        """All settings, without the stages that this run does not have."""
        unused = {"pretrain", "words", "finetune", "onevision"}.difference(self.stages)
        return {name: value for name, value in attrs.asdict(self).items() if name not in unused}


_RUNTIME_SETTINGS = {"processes", "threads", "device", "compile", "checkpoint_seconds"}


def read_config(path: Path) -> Config:
    """Read a TOML file; settings that it leaves out have the defaults above."""
    if not path.is_file():
        shipped = ", ".join(sorted(file.name for file in _CONFIGS.glob("*.toml")))
        raise errors.FileError(
            f"There is no config {str(path)!r}; give a TOML file, such as one of {_CONFIGS} "
            f"({shipped})."
        )
    try:
        config: Config = _evolve(Config(), tomllib.loads(path.read_text("utf-8")))
    except tomllib.TOMLDecodeError as exc:
        raise errors.SpecError(f"{path} is not TOML; {exc}.") from None
    first, last = config.data.seed, config.data.seed + config.data.places
    if any(split_of(seed) != "train" for seed in (first, last)):
        raise errors.SpecError(
            f"Scenes from seed {first} on are not for training; choose seeds below "
            f"{TRAIN_SEEDS_END}."
        )
    return config


_CONFIGS = Path(__file__).parent / "configs"


def find_base(base: str) -> Path:
    """The folder of the trained model *base*: one that ships, or a path."""
    shipped = Path(str(files("visualcrop_tiny") / "weights" / base))
    return shipped if shipped.is_dir() else Path(base)


def _evolve(defaults: Any, table: dict[str, Any]) -> Any:
    """The attrs instance *defaults*, and those nested in it, with the values of a TOML table."""
    known = {field.name: getattr(defaults, field.name) for field in attrs.fields(type(defaults))}
    if unknown := sorted(set(table) - set(known)):
        raise errors.SpecError(
            f"There is no setting called {unknown[0]!r}; known are {', '.join(known)}."
        )
    return attrs.evolve(defaults, **{name: _parse(known[name], table[name]) for name in table})


def _parse(default: object, value: Any) -> object:
    if attrs.has(type(default)):
        return _evolve(default, value)
    return tuple(value) if isinstance(value, list) else value
