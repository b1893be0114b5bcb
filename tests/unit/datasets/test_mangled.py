"""However a table is damaged, reading gives samples, problems or one sentence."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.support import shipped
from visualcrop import Sample, VisualcropError
from visualcrop.plugin import Dataset, Problem, Registry

_TABLES = {
    "vstar": "test_questions.jsonl",
    "hrbench": "hr_bench_4k.tsv",
    "mme-realworld-lite": "data/train-00000-of-00001.parquet",
    "aokvqa": "aokvqa_v1p0_val.json",
    "gqa": "testdev_balanced_questions.json",
    "folder": "samples.jsonl",
}
_ODD = (b'"', b"\t", b"\n", b"{", b"]", b"null", b"\xff", b"\\", b"\x00", b"[" * 5000, b"9" * 5000)


def _damaged(content: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(content) + 1)
        stop = start + rng.choice((0, 0, 1, 1, 9, 200))
        content = content[:start] + rng.choice((b"", *_ODD)) + content[stop:]
    return content


@pytest.mark.parametrize("name", _TABLES)
def test_nothing_else_is_raised(name: str, tmp_path: Path) -> None:
    """Three hundred damages each; what opens is asked about, and an error is one of ours."""
    root = shipped.WRITERS[name](tmp_path)
    table = root / _TABLES[name]
    whole = table.read_bytes()
    rng, outcomes = random.Random(0), set[type]()
    dataset = Registry.load().build(Dataset, f'{name}(path="{root}")')
    for _ in range(300):
        table.write_bytes(_damaged(whole, rng))
        try:
            for row in dataset.read():
                outcomes.add(type(row))
                if isinstance(row, Sample):
                    row.source.read()
        except VisualcropError:
            outcomes.add(VisualcropError)
    assert {Sample, Problem} & outcomes
    assert len(outcomes) >= 2
