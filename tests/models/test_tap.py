"""A tap runs no more than it needs, and leaves nothing behind."""

from __future__ import annotations

import threading
from copy import deepcopy
from typing import Any

import pytest
import torch

from tests.support.passes import EVERY, finished, inputs, network, tapped
from tests.support.tiny.configs import having
from visualcrop.errors import SpecError
from visualcrop.models.base import NOTHING, Capture
from visualcrop.models.engine.capture import StopForward, Tap
from visualcrop.models.engine.decoder import get_decoder

pytestmark = pytest.mark.torch

ALL = Capture(values=EVERY, keys=EVERY, attention=EVERY, gradients=EVERY)
EARLY = [
    Capture(values=EVERY),
    Capture(keys=EVERY, values=EVERY, rotary=False),
    Capture(keys=EVERY),
    Capture(attention=EVERY),
    Capture(values=(0,), attention=(3,), keys=(1,)),
]


class TestEarlyExit:
    """Nothing runs beyond what was asked for."""

    @pytest.mark.parametrize(
        ("capture", "last"),
        [
            (Capture(values=(0, 2)), "q 2, k 2, v 2"),
            (Capture(keys=(2,), rotary=False), "q 2, k 2"),
            (Capture(values=(2,), keys=(1,)), "q 2, k 2, v 2"),
            (Capture(values=(2,), keys=(2,), rotary=False), "q 2, k 2, v 2"),
            (Capture(keys=(2,)), "q 2, k 2, v 2"),
            (Capture(values=(1,), attention=(2,)), "q 2, k 2, v 2"),
        ],
    )
    def test_stops_in_the_last_layer(self, family: str, capture: Capture, last: str) -> None:
        """Where it projects values; its kernel does not run even for what comes after them."""
        if having(family, ALL) != ALL:
            pytest.skip("other layers: see test_hybrid.py")
        with finished(network(family)) as done:
            tapped(family, capture)
        before = [f"{part} {n}" for n in (0, 1) for part in ("q", "k", "v", "o", "layer")]
        assert done == before + last.split(", ")

    def test_gradients_need_all(self, family: str) -> None:
        """They come from the head."""
        with finished(network(family)) as done:
            tapped(family, Capture(values=(0, 1), gradients=(0, 1)))
        assert done[-2:] == ["norm", "head"]
        assert [part for part in done if "layer" in part] == [f"layer {n}" for n in EVERY]

    def test_nothing_asked_changes_nothing(self, family: str) -> None:
        """The pass runs to its end, and gives the same logits."""
        given = network(family)
        with Tap(given, NOTHING):
            out = given(**inputs(family))
        assert torch.equal(out.logits, _logits(family))


class TestTraces:
    """A tapped model is as it was."""

    def test_later_passes_are_as_earlier_ones(self, family: str) -> None:
        """Their logits are the same, bit for bit."""
        before = _logits(family)
        for capture in [*EARLY, ALL]:
            tapped(family, capture)
            assert torch.equal(_logits(family), before)

    @pytest.mark.parametrize("capture", [*EARLY, ALL])
    def test_nothing_is_left(self, family: str, capture: Capture) -> None:
        """Neither hooks nor configs nor frozen weights nor modes."""
        before = _state(network(family))
        tapped(family, capture)
        assert _state(network(family)) == before

    @pytest.mark.parametrize("capture", [*EARLY, ALL])
    def test_nothing_is_left_by_a_failure(self, family: str, capture: Capture) -> None:
        """Which comes out as it was raised."""
        given = network(family)
        before = _state(given)
        broken = next(get_decoder(given).layers[0].children()).register_forward_hook(_fail)
        try:
            with pytest.raises(ZeroDivisionError, match="on purpose"):
                tapped(family, capture)
        finally:
            broken.remove()
        assert _state(given) == before
        assert tapped(family, EARLY[0]).values

    @pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad, torch.enable_grad])
    def test_gradients_flow_in_any_mode(self, mode: Any) -> None:
        """A model that only ever infers can be asked for them."""
        wanted = tapped("llava", ALL).gradients
        with mode():
            found = tapped("llava", ALL).gradients
        assert all(torch.equal(found[layer], wanted[layer]) for layer in EVERY)


class TestRefusals:
    """What cannot be tapped."""

    def test_one_tap_at_a_time(self) -> None:
        """In one thread or in several; the first goes on."""
        given, said = network("llava"), list[str]()

        def intrude() -> None:
            with pytest.raises(RuntimeError, match="tapped already") as refusal, Tap(given, ALL):
                pass
            said.append(str(refusal.value))

        with Tap(given, Capture(values=(1,))) as tap:
            intrude()
            thread = threading.Thread(target=intrude)
            thread.start()
            thread.join()
            given(**inputs("llava"))
        assert len(said) == 2
        assert list(tap.values) == [1]
        with Tap(deepcopy(given), NOTHING), Tap(given, NOTHING):
            pass

    def test_foreign_stops_go_through(self) -> None:
        """A tap ends its own pass only."""
        other = Tap(network("internvl"), NOTHING)
        with pytest.raises(StopForward), Tap(network("llava"), NOTHING):
            raise StopForward(other)

    @pytest.mark.parametrize("capture", [Capture(values=(4,)), Capture(gradients=(1, -1))])
    def test_layers_must_exist(self, capture: Capture) -> None:
        """A wrong one is named."""
        with pytest.raises(SpecError, match=r"no layer (4|-1): the decoder has 0 to 3"):
            Tap(network("llava"), capture)

    def test_logits_must_be_of_the_asked_tokens(self) -> None:
        """Those of all tokens would ask another question; and there must have been a pass."""
        given = network("llava")
        with Tap(given, Capture(gradients=(0,))) as tap:
            with pytest.raises(RuntimeError, match="Of 0 asked tokens, there are logits of 2"):
                tap.backward(torch.zeros(2, 9))
            out = given(**inputs("llava"))
            with pytest.raises(RuntimeError, match=r"Of 1 asked tokens, .* of \d\d;"):
                tap.backward(out.logits)


def _fail(*_: Any) -> None:
    raise ZeroDivisionError("on purpose")


def _logits(family: str) -> torch.Tensor:
    with torch.no_grad():
        logits: torch.Tensor = network(family)(**inputs(family)).logits
    return logits


def _state(given: Any) -> list[Any]:
    """All that a tap could leave behind."""
    modules = list(given.modules())
    return [
        [sorted(vars(m)) for m in modules],
        [
            (len(m._forward_hooks), len(m._forward_pre_hooks), len(m._backward_hooks))
            for m in modules
        ],
        [id(vars(m).get("config")) for m in modules],
        [p.requires_grad for p in given.parameters()],
        [m.config._attn_implementation for m in modules if hasattr(m, "config")],
        [torch.is_grad_enabled(), torch.is_inference_mode_enabled()],
    ]
