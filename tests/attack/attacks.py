"""All attacks that `python -m tests.attack` knows, by name."""

from __future__ import annotations

from tests.attack.checkpoints import Checkpoints
from tests.attack.datasets import Datasets
from tests.attack.lines import Lines
from tests.attack.runs import Runs
from tests.attack.siege import Attack

ATTACKS: dict[str, Attack] = {
    attack.name: attack for attack in (Runs(), Datasets(), Checkpoints(), Lines())
}
