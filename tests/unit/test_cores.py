"""The cores of a process, under every limit that Linux has for them."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from visualcrop.utils.cores import name_processor, usable_cores


def _limits(folder: Path, files: dict[str, str]) -> Path:
    """A folder like `/sys/fs/cgroup`."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (b"processor\t: 0\nmodel name\t: AMD EPYC\n\nmodel name\t: other\n", "AMD EPYC"),
        (b"model name\t: \xff\n", "\ufffd"),
        (b"Processor\t: 0\n", platform.machine()),
        (None, platform.machine()),
    ],
)
def test_name_of_the_processor(told: bytes | None, name: str, tmp_path: Path) -> None:
    """As Linux lists it; where it does not, the architecture."""
    info = tmp_path / "cpuinfo"
    if told is not None:
        info.write_bytes(told)
    assert name_processor(info) == name


@pytest.fixture
def sixteen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with sixteen cores, all of which may be used."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {*range(16)}, raising=False)


@pytest.mark.usefixtures("sixteen")
class TestUsableCores:
    """The least of all limits, and at least one."""

    @pytest.mark.parametrize(
        ("groups", "files", "cores"),
        [
            ("0::/\n", {"cpu.max": "400000 100000\n"}, 4),
            ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "250000 100000\n"}, 2),
            ("0::/a\n", {"a/cpu.max": "50000 100000\n"}, 1),
            ("0::/a\n", {"a/cpu.max": "3200000 100000\n"}, 16),
            (
                "4:cpu,cpuacct:/box\n3:memory:/other\n",
                {"cpu/box/cpu.cfs_quota_us": "300000\n", "cpu/box/cpu.cfs_period_us": "100000\n"},
                3,
            ),
            (
                "4:cpu:/box\n",
                {"cpu/box/cpu.cfs_quota_us": "-1\n", "cpu/box/cpu.cfs_period_us": "100000\n"},
                16,
            ),
        ],
        ids=["container", "outer", "half", "loose", "version 1", "version 1, none"],
    )
    def test_groups_limit_them(
        self, tmp_path: Path, groups: str, files: dict[str, str], cores: int
    ) -> None:
        """Of this process and of all that it is in, in the files of both versions."""
        (tmp_path / "groups").write_text(groups)
        assert usable_cores(tmp_path / "groups", _limits(tmp_path / "limits", files)) == cores

    @pytest.mark.parametrize("content", ["", "max\n", "many 100000\n", "100000 0\n", "1 2 3\n"])
    def test_what_cannot_be_read_limits_nothing(self, tmp_path: Path, content: str) -> None:
        """Nor does a list that is not there."""
        (tmp_path / "groups").write_text("0::/a\n")
        limits = _limits(tmp_path / "limits", {"a/cpu.max": content})
        assert usable_cores(tmp_path / "groups", limits) == 16
        assert usable_cores(tmp_path / "none", limits) == 16


def test_affinity_limits_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As `taskset` sets it; where there is none, all cores count."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3}, raising=False)
    assert usable_cores(tmp_path, tmp_path) == 1
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert usable_cores(tmp_path, tmp_path) == 5
