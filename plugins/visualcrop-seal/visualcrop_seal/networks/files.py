"""A published checkpoint on disk: its config, and its tensors by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import is_zipfile

import attrs

from visualcrop import errors

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_WANTED = ("*.json", "*.bin", "*.safetensors", "tokenizer.model")


@attrs.frozen
class Files:
    """A folder in the Hugging Face format. What lies in it is data: nothing of it is run."""

    folder: Path

    @classmethod
    def at(cls, checkpoint: str, revision: str | None = None) -> Files:
        """A folder, or what the hub has under that name."""
        with explained(checkpoint):
            if not (folder := Path(checkpoint).expanduser()).is_dir():
                from huggingface_hub import snapshot_download

                got = snapshot_download(checkpoint, revision=revision, allow_patterns=list(_WANTED))
                folder = Path(str(got))
        return cls(folder)

    def config(self) -> dict[str, Any]:
        """What config.json says, as a table."""
        return self._table("config.json")

    def tensors(self, wanted: Callable[[str], bool], dtype: torch.dtype) -> dict[str, Tensor]:
        """The tensors whose names are *wanted*."""
        found: dict[str, Tensor] = {}
        for shard in self._shards():
            with explained(str(shard)):
                loaded = _loaded(shard)
            found |= {
                name: tensor.to(dtype) if tensor.is_floating_point() else tensor
                for name, tensor in loaded.items()
                if wanted(name)
            }
        return found

    def _shards(self) -> list[Path]:
        """Files with weights, as the index has them or the only one; all in the folder itself."""
        for kind, one in (
            ("model.safetensors", "model.safetensors"),
            ("pytorch_model.bin", "pytorch_model.bin"),
        ):
            if (self.folder / f"{kind}.index.json").is_file():
                with explained(str(self.folder / f"{kind}.index.json")):
                    names = set(self._table(f"{kind}.index.json")["weight_map"].values())
                    return [self.folder / Path(name).name for name in sorted(names)]
            if (self.folder / one).is_file():
                return [self.folder / one]
        raise errors.ModelError(
            f"{str(self.folder)!r} holds no weights (*.bin or *.safetensors); download it again."
        )

    def _table(self, name: str) -> dict[str, Any]:
        try:
            if (self.folder / name).exists() and not (self.folder / name).is_file():
                raise FileNotFoundError(name)  # a pipe, say, which would block
            table = json.loads((self.folder / name).read_text("utf-8"))
        except OSError as exc:
            raise errors.ModelError(
                f"There is no {name} in {str(self.folder)!r}; give the folder of a checkpoint."
            ) from exc
        except (ValueError, RecursionError) as exc:
            raise errors.ModelError(
                f"{str(self.folder / name)!r} is no JSON; download it again."
            ) from exc
        if not isinstance(table, dict):
            raise errors.ModelError(f"{str(self.folder / name)!r} is no table; download it again.")
        return table


def _loaded(shard: Path) -> Mapping[str, Tensor]:
    """Tensors alone: a pickle that asks for anything else is refused."""
    import torch
    from safetensors.torch import load_file

    if shard.suffix == ".safetensors":
        return load_file(shard)
    loaded: Mapping[str, Tensor] = torch.load(
        shard, map_location="cpu", weights_only=True, mmap=is_zipfile(shard)
    )
    return loaded


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn what a library raises into a sentence that names *what* it was about."""
    try:
        yield
    except errors.VisualcropError:
        raise
    except OSError as exc:
        raise errors.ModelError(
            f"There is no model that can be read at {what!r}: give the folder of a checkpoint, "
            "or go online and give its name on the hub."
        ) from exc
    except Exception as exc:
        first = str(exc).strip().partition("\n")[0].rstrip(".")
        raise errors.ModelError(f"{what!r} cannot be loaded: {first}.") from exc
