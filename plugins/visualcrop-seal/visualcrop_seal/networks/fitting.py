"""Puts tensors into modules, and says which are missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from visualcrop import errors

from .files import explained

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn
    from transformers import PretrainedConfig, PreTrainedModel

_M = TypeVar("_M", bound="nn.Module")


def under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names start with *prefix*, without it."""
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}


def fitted(module: _M, tensors: Mapping[str, Tensor], called: str) -> _M:
    """*module* with the weights of its own names; what else there is does not matter."""
    with explained(called):
        report = module.load_state_dict(tensors, strict=False, assign=True)
    _complete(report.missing_keys, called)
    return module.requires_grad_(False).eval()


def pretrained(
    cls: type[PreTrainedModel],
    config: PretrainedConfig,
    tensors: Mapping[str, Tensor],
    dtype: torch.dtype,
    called: str,
) -> Any:
    """A model of transformers with these weights."""
    from transformers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with explained(called):
            load: Any = cls.from_pretrained
            network, info = load(
                None,
                config=config,
                state_dict=dict(tensors),
                trust_remote_code=False,
                dtype=dtype,
                output_loading_info=True,
            )
    finally:
        logging.set_verbosity(level)
    _complete(sorted(info["missing_keys"]), called)
    return network.requires_grad_(False).eval()


def _complete(missing: list[str], called: str) -> None:
    if missing:
        raise errors.ModelError(
            f"The weights of {called} lack {len(missing)} tensors, {missing[0]!r} among them; "
            "download them again."
        )
