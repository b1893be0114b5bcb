"""Adaptive verification: what is asked, when it ends, and that every budget is kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from tests.support.refusals import refused
from visualcrop import Answer, Box, Budget, BudgetedModel, Ledger, Target, View
from visualcrop.errors import BudgetExceededError, FileError, PluginError, ResultError, SpecError
from visualcrop.interfaces import SequentialVerifier, Verifier
from visualcrop.searchers.focus import Focus
from visualcrop.targets.given import Given
from visualcrop.testing import Bench, ToyModel
from visualcrop.verification.adaptive import Adaptive
from visualcrop.verification.densities import Densities
from visualcrop.verification.existence import Existence
from visualcrop.verification.unchecked import Unchecked

ATTRIBUTE, RELATION, COUNT = range(3)
TOY = Densities(
    edges=(-0.5, 0.5),
    on_target=(0.02, 0.08, 0.90),
    off_target=(0.95, 0.049, 0.001),
    first=(0.6, 0.2, 0.1, 0.05, 0.03, 0.019, 0.001, 0.0),
    following=(0.9, 0.08, 0.0195, 0.0005),
)
MUG, MUGS = Target("mug"), Target("mugs", every=True)


def write(path: Path, densities: object = None, **fields: object) -> str:
    """A calibration file for the toy, with other *fields* where they are given."""
    held = {
        "format": "visualcrop-calibration",
        "version": 1,
        "name": "toy",
        "model": "toy",
        "protocol": "",
        "searcher": "focus",
        "datasets": [],
        "items": [],
        "n": 1,
        "alpha": 0.02,
        "gate": None,
        "densities": TOY.to_dict() if densities is None else densities,
    }
    path.write_text(json.dumps(held | fields), "utf-8")
    return str(path)


@pytest.fixture
def calibrated(tmp_path: Path) -> Adaptive:
    """With the toy's densities."""
    return Adaptive(densities=write(tmp_path / "gate.json"))


@attrs.frozen
class Scripted(Verifier):
    """Gives the confidences that it holds, for one pass each, and notes the sizes of batches."""

    name = "scripted"

    confidences: tuple[float | None, ...] = ()
    sizes: list[int] = attrs.field(factory=list, eq=False)

    def verify(
        self, views: Sequence[View], target: Target, model: BudgetedModel
    ) -> tuple[float | None, ...]:
        Existence().verify(views, target, model)
        at = sum(self.sizes)
        self.sizes.append(len(views))
        return self.confidences[at : at + len(views)]


def ask(
    adaptive: Adaptive, *confidences: float | None, target: Target = MUG, passes: int | None = None
) -> tuple[list[float | None], list[int]]:
    """What a list of views with these confidences comes to, and the sizes of its batches."""
    bench, scripted = Bench.set_up(passes=passes), Scripted(confidences)
    views = [View(bench.scene.image, Box(k, 0, k + 40, 40)) for k in range(len(confidences))]
    verifier = attrs.evolve(adaptive, verification=scripted)
    found = verifier.verify(views, target, bench.model)
    bench.check_charges()
    assert bench.ledger.passes == sum(scripted.sizes)
    return [*found], scripted.sizes


class TestCalibrated:
    """With densities."""

    def test_ends_when_a_box_is_accepted(self, calibrated: Adaptive) -> None:
        """The others are left unasked."""
        assert ask(calibrated, 0.9, -0.9, 0.9, 0.9) == ([0.9, None, None, None], [1])
        assert ask(calibrated, -0.9, 0.9, -0.9, 0.9)[0] == [-0.9, 0.9, -0.9, None]

    def test_ends_when_all_are_rejected(self, calibrated: Adaptive) -> None:
        """What the map's prior leaves for the others is at most beta."""
        found, _ = ask(attrs.evolve(calibrated, batches=(1,)), *[-0.9] * 8)
        assert found == [*[-0.9] * 6, None, None]
        found, _ = ask(attrs.evolve(calibrated, batches=(1,), beta=0.11), *[-0.9] * 8)
        assert found == [*[-0.9] * 3, *[None] * 5]

    def test_goes_on_while_a_box_is_in_doubt(self, calibrated: Adaptive) -> None:
        """A confidence that either kind of crop may have ends nothing."""
        assert ask(calibrated, 0.2, 0.9)[0] == [0.2, 0.9]
        assert ask(calibrated, *[0.2] * 8)[1][:2] == [1, 2]

    def test_a_small_alpha_asks_for_more(self, calibrated: Adaptive) -> None:
        """One box is not enough where errors must be rarer than it can show."""
        assert ask(calibrated, 0.9, -0.9, -0.9)[1] == [1]
        assert ask(attrs.evolve(calibrated, alpha=1e-6, beta=0.0), 0.9, -0.9, -0.9)[1] == [1, 2]

    def test_all_instances(self, calibrated: Adaptive) -> None:
        """No box is enough; the search ends behind the last instance, by the same test."""
        one_by_one = attrs.evolve(calibrated, batches=(1,))
        found, _ = ask(one_by_one, 0.9, 0.9, *[-0.9] * 6, target=MUGS)
        assert found == [0.9, 0.9, *[-0.9] * 3, None, None, None]

    def test_all_instances_without_their_prior(self, tmp_path: Path) -> None:
        """Densities that saw no such question ask about every box behind an instance."""
        unknown = attrs.evolve(TOY, following=()).to_dict()
        adaptive = Adaptive(densities=write(tmp_path / "gate.json", unknown))
        assert None not in ask(adaptive, 0.9, *[-0.9] * 9, target=MUGS)[0]


class TestUncalibrated:
    """Without densities."""

    def test_ends_at_a_confidence(self) -> None:
        """The first batch with a box of `accept` or more is the last."""
        assert ask(Adaptive(), 0.91, -0.9) == ([0.91, None], [1])
        assert ask(Adaptive(), 0.89, -0.9)[0] == [0.89, -0.9]
        assert ask(Adaptive(accept=0.5), 0.5, -0.9)[0] == [0.5, None]

    def test_rejects_nothing(self) -> None:
        """Only a calibration knows where targets are not."""
        assert None not in ask(Adaptive(), *[-1.0] * 20)[0]

    def test_all_instances_means_every_box(self) -> None:
        """However sure the first ones are."""
        assert None not in ask(Adaptive(), *[1.0] * 9, target=MUGS)[0]


class TestBatches:
    """How many boxes are asked about at once."""

    @pytest.mark.parametrize(
        ("batches", "sizes"),
        [
            ((1,), [1] * 10),
            ((2,), [2] * 5),
            ((4,), [4, 4, 2]),
            ((1, 2, 4), [1, 2, 4, 3]),
            ((3, 1), [3, *[1] * 7]),
        ],
    )
    def test_sizes(self, batches: tuple[int, ...], sizes: list[int]) -> None:
        """As given, the last one repeated; the end of the list cuts one short."""
        assert ask(Adaptive(batches=batches), *[-0.9] * 10)[1] == sizes

    @pytest.mark.parametrize("batches", [(0,), (1, -2), ()])
    def test_are_at_least_one(self, batches: tuple[int, ...]) -> None:
        """A batch of none would never end."""
        assert "batches" in refused(SpecError, Adaptive, batches=batches)

    def test_a_verifier_that_asks_nobody_is_asked_once(self) -> None:
        """It will not know more of other boxes either."""
        bench = Bench.set_up()
        found = Adaptive(verification=Unchecked()).verify([bench.whole] * 9, MUG, bench.model)
        assert found == (None,) * 9

    @pytest.mark.parametrize("passes", range(1, 12))
    def test_a_budget_cuts_the_last(self, passes: int) -> None:
        """What was asked until then is kept."""
        found, sizes = ask(Adaptive(), *[-0.9] * 10, passes=passes)
        assert sum(sizes) == min(passes, 10)
        assert found == [*[-0.9] * min(passes, 10), *[None] * (10 - min(passes, 10))]

    def test_a_budget_of_nothing_is_refused(self) -> None:
        """As with any verifier, by the ledger."""
        with pytest.raises(BudgetExceededError):
            ask(Adaptive(), -0.9, passes=0)


def search(
    verifier: Verifier, about: int = ATTRIBUTE, passes: int | None = None, **options: Any
) -> tuple[Answer, dict[str, int]]:
    """FOCUS with this verifier on a toy scene, and its bill."""
    question = Bench.set_up(43).scene.questions[about].question
    toy, ledger = ToyModel(), Ledger(Budget(passes))
    focus = attrs.evolve(Focus(verification=verifier), **options)
    answer = focus.search(question, BudgetedModel(toy, ledger))
    assert toy.passes == ledger.passes
    return answer, dict(ledger.by_stage())


class TestInFocus:
    """As the verification of FOCUS."""

    @pytest.mark.parametrize("about", [ATTRIBUTE, RELATION])
    def test_shows_what_focus_shows(self, about: int, calibrated: Adaptive) -> None:
        """On the toy the same boxes are found for fewer passes."""
        (plain, before), (ours, after) = search(Existence(), about), search(calibrated, about)
        assert ours.findings == plain.findings
        assert after["verification"] < before["verification"]

    def test_all_instances_come_first(self, calibrated: Adaptive) -> None:
        """Of many, those of the boxes before the end are shown."""
        (plain, before), (ours, after) = search(Existence(), COUNT), search(calibrated, COUNT)
        assert len(ours.findings) >= 2
        assert ours.findings == plain.findings[: len(ours.findings)]
        assert after["verification"] < before["verification"]

    def test_a_stop_is_no_reason_to_overrun(self, calibrated: Adaptive) -> None:
        """Where all boxes are rejected nobody goes on down the list."""
        absent = Given(names=("stamp",))
        plain, before = search(Existence(), targets=absent)
        ours, after = search(calibrated, targets=absent)
        assert before["verification"] == len(plain.evidence[0].findings) > 8
        assert after["verification"] <= 8
        assert not ours.exhausted

    def test_without_overrun_steps_are_the_most(self) -> None:
        """A list of which `steps` boxes are asked about has no others."""
        _, bill = search(Adaptive(), targets=Given(names=("stamp",)), steps=3, overrun=False)
        assert bill["verification"] == 3

    @pytest.mark.parametrize("about", [ATTRIBUTE, COUNT])
    def test_keeps_every_budget(self, about: int, calibrated: Adaptive) -> None:
        """So many passes at most before the answer; the boxes until then stay; the end is told."""
        for verifier in (calibrated, Adaptive()):
            needed = sum(search(verifier, about)[1].values()) - 1
            for passes in range(min(needed, 8) + 2):
                answer, bill = search(verifier, about, passes)
                spent = sum(n for stage, n in bill.items() if stage != "answer")
                assert spent == min(passes, needed)
                assert answer.exhausted == (passes < needed)
                asked = [f.confidence for e in answer.evidence for f in e.findings]
                assert len(asked) - asked.count(None) == bill.get("verification", 0)


class TestFile:
    """The calibration file is data."""

    @pytest.mark.parametrize("densities", [{}, [], {"edges": [0.0]}, TOY.to_dict() | {"first": []}])
    def test_what_is_no_density_is_refused(self, tmp_path: Path, densities: object) -> None:
        """In a sentence that says what to do; `read_calibration` checks the other fields."""
        adaptive = Adaptive(densities=write(tmp_path / "gate.json", densities))
        with pytest.raises(ResultError, match=r"calibrate again\.$"):
            ask(adaptive, 0.9, 0.9)

    def test_a_gate_without_densities(self, tmp_path: Path) -> None:
        """A calibration may hold a gate alone, which says nothing of boxes."""
        path = tmp_path / "gate.json"
        write(path)
        path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"densities": None}))
        with pytest.raises(SpecError, match="has no densities"):
            ask(Adaptive(densities=str(path)), 0.9, 0.9)

    def test_another_models_is_refused(self, tmp_path: Path) -> None:
        """Confidences of one model mean nothing to another."""
        adaptive = Adaptive(densities=write(tmp_path / "gate.json", model="other"))
        with pytest.raises(SpecError, match="this is another"):
            ask(adaptive, 0.9)

    def test_no_file(self, tmp_path: Path) -> None:
        """A file that is not there is named."""
        with pytest.raises(FileError, match="gone"):
            ask(Adaptive(densities=str(tmp_path / "gone.json")), 0.9)


@attrs.frozen
class Wrong(SequentialVerifier):
    """Says how many to ask about, however many there are."""

    name = "wrong"

    size: int = 0

    def count_next(self, confidences: Sequence[float | None], target: Target, views: int) -> int:
        return self.size

    def ask(
        self, views: Sequence[View], target: Target, model: BudgetedModel
    ) -> tuple[float | None, ...]:
        return Existence().verify(views, target, model)


@pytest.mark.parametrize("size", [-1, 3, True, "1"])
def test_a_count_beyond_the_views_is_a_fault(size: int) -> None:
    """It is named, instead of a search without an end."""
    bench = Bench.set_up()
    said = refused(PluginError, Wrong(size).verify, [bench.whole] * 2, MUG, bench.model)
    assert f"{size!r} as a number of views instead of 0 to 2" in said


def test_a_count_may_be_numpys() -> None:
    """Who works out the number of views with NumPy has an integer of its own kind."""
    bench = Bench.set_up()
    one: Any = np.int64(1)
    none: Any = np.int64(0)
    count = Wrong(one).count_next((), MUG, 2)
    assert (type(count), count) == (int, 1)
    assert len(Wrong(none).verify([bench.whole] * 2, MUG, bench.model)) == 2
