"""The cache of a recurrent layer. Importing this module imports transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from transformers.cache_utils import LinearAttentionLayer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


class StateLayer(LinearAttentionLayer):
    """
    The states of a layer of linear attention or of a short convolution.

    transformers copies a new recurrent state into the old tensor, to keep its address for CUDA
    graphs. Here it replaces the old one, so that several caches can share it.
    """

    @classmethod
    def of(cls, states: Sequence[Tensor]) -> Self:
        """
        A layer with these *states*, which may be of another layer.

        The first are the last inputs of the convolution, B x channels x T; the second, if there is
        one, is the recurrent state, B x heads x D x D.
        """
        layer: Any = cls()
        layer.dtype, layer.device = states[0].dtype, states[0].device
        # A copy, since decoding writes into it; it is small.
        layer.conv_states[0], layer.conv_kernel_size[0] = states[0].clone(), states[0].shape[-1]
        layer.is_conv_states_initialized[0] = layer.has_previous_state[0] = True
        if len(states) > 1:
            layer.update_recurrent_state(states[1])
        return layer  # type: ignore[no-any-return]

    def update_recurrent_state(
        self, recurrent_states: Tensor, state_idx: int = 0, **options: Any
    ) -> Tensor:
        """Replace the state, without writing into the old one."""
        self.recurrent_states[state_idx] = recurrent_states
        self.is_recurrent_states_initialized[state_idx] = True
        return recurrent_states
