"""GLM-4.1V, GLM-4.5V and GLM-4.6V: native grids in tokens of 28 pixels."""

from __future__ import annotations

import attrs

from .native_grids import NativeGrids


@attrs.frozen
class Glm4v(NativeGrids):
    """GLM-4.1V: the image near its own size, in one grid of tokens of 28 pixels."""

    name = "glm4v"
    model_types = ("glm4v",)


@attrs.frozen
class Glm46v(NativeGrids):
    """GLM-4.6V-Flash: the image near its own size, in one grid of tokens of 28 pixels."""

    name = "glm46v"
    model_types = ("glm46v",)


@attrs.frozen
class Glm4vMoe(NativeGrids):
    """GLM-4.5V and GLM-4.6V, mixtures of experts: the image as GLM-4.1V's."""

    name = "glm4v-moe"
    model_types = ("glm4v_moe",)
