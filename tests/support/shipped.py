"""Small files in the formats in which the datasets are shipped."""

from __future__ import annotations

import base64
import csv
import json
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

SUFFIX = "Answer with the option's letter from the given choices directly."
SENTENCES = ["The glove is of rubber.", "The glove is of cotton.", "Of kevlar.", "Of leather."]
DEFECTS = ("A (1)", "B", "C", "D")


def jpeg(seed: int = 0, size: tuple[int, int] = (64, 48)) -> bytes:
    """A picture, encoded."""
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), np.uint8)
    encoded = BytesIO()
    PIL.Image.fromarray(pixels).save(encoded, "JPEG")
    return encoded.getvalue()


def put(path: Path, content: bytes | str) -> Path:
    """Write a file, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def vstar(root: Path) -> Path:
    """V*Bench's own folders: one question about one glove, one about two things."""
    glove = (
        "What is the material of the glove?\n(A) rubber (thin)\n(B) cotton\n(C) kevlar\n"
        f"(D) leather\n{SUFFIX}"
    )
    side = f"Is the dog on the left or right side of the car?\n(A) right\n(B) left\n{SUFFIX}"
    attributes, relations = "direct_attributes", "relative_position"
    lines = [
        {"image": f"{attributes}/sa_1.jpg", "text": glove, "category": attributes, "label": "A"},
        {"image": f"{relations}/sa.2.jpg", "text": side, "category": relations, "label": "B"},
    ]
    for number, line in enumerate(lines):
        line["question_id"] = str(number)
        put(root / line["image"], jpeg(number))
    put(root / "test_questions.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    put(
        root / attributes / "sa_1.json",
        json.dumps(
            {
                "target_object": ["glove"],
                "bbox": [[10, 12, 20, 15]],
                "question": "What is the material of the glove?",
                "options": SENTENCES,
            }
        ),
    )
    put(
        root / relations / "sa.2.json",
        json.dumps(
            {
                "target_object": ["dog", "car"],
                "bbox": [[1, 2, 3, 4], [40, 30, 9, 8]],
                "question": "Is the dog on the left or right side of the car?",
                "options": ["The dog is on the left.", "The dog is on the right."],
            }
        ),
    )
    return root


def hrbench_rows() -> list[dict[str, Any]]:
    """Two questions, each in four orders; the first has a line break and quotation marks."""
    texts = ('What does the sign say?\nRead "all" of it.', "Which\tway does it point?")
    return [
        {
            "index": 4 * image + cycle,
            "question": texts[image],
            "answer": "ABCD"[(0 - cycle) % 4],
            "category": ("single", "cross")[image],
            **{"ABCD"[place]: f"27{'BADC'[(place + cycle) % 4]}" for place in range(4)},
            "cycle_category": str(cycle),
            "image": base64.b64encode(jpeg(image)).decode(),
        }
        for image in range(2)
        for cycle in range(4)
    ]


def mme_rows() -> list[dict[str, Any]]:
    """Two questions about one picture."""
    options = ["(A) 12", "(B) It's 13", "(C) 14 (left)", "(D) 15", "(E) Not shown"]
    return [
        {
            "index": f"ocr_{number}",
            "question": "What is the number?",
            "multi-choice options": options,
            "answer": "BE"[number],
            "category": f"{('Perception', 'Reasoning')[number]}/OCR with Complex Context",
            "l2-category": "Phone & Address",
            "image": base64.b64encode(jpeg(7)).decode(),
        }
        for number in range(2)
    ]


def tsv(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """As pandas writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def parquet(path: Path, rows: Sequence[Mapping[str, Any]], **renamed: str) -> Path:
    """With columns renamed, in row groups of three."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    named = [{renamed.get(key, key): value for key, value in row.items()} for row in rows]
    pq.write_table(pa.Table.from_pylist(named), path, row_group_size=3)
    return path


def hrbench(root: Path) -> Path:
    """A folder with the TSV."""
    return tsv(root / "hr_bench_4k.tsv", hrbench_rows()).parent


def mme_realworld_lite(root: Path) -> Path:
    """A folder with the parquet of lmms-eval."""
    parquet(root / "data" / "train-00000-of-00001.parquet", mme_rows(), image="bytes")
    return root


def aokvqa(root: Path) -> Path:
    """Two questions, one of them too difficult for direct answers."""
    rows = [
        {
            "split": "val",
            "image_id": 39 + number,
            "question_id": f"q{number}",
            "question": "What is behind it?",
            "choices": ["tree", "car", "dog", "wall"],
            "correct_choice_idx": number,
            "direct_answers": ["car"] * 7 + ["cars"] * 3,
            "difficult_direct_answer": number == 0,
            "rationales": ["It is."] * 3,
        }
        for number in range(2)
    ]
    put(root / "aokvqa_v1p0_val.json", json.dumps(rows))
    for number in range(2):
        put(root / "coco" / "val2017" / f"{39 + number:012d}.jpg", jpeg(number))
    return root


def gqa(root: Path) -> Path:
    """Two questions about one picture."""
    rows = {
        f"20{number}": {
            "question": "Is the sky dark?",
            "answer": ("yes", "no")[number],
            "fullAnswer": "Yes, the sky is dark.",
            "imageId": "n161313",
            "types": {"structural": "verify", "semantic": "attr", "detailed": "verifyAttr"},
        }
        for number in range(2)
    }
    put(root / "testdev_balanced_questions.json", json.dumps(rows, indent=1))
    put(root / "images" / "n161313.jpg", jpeg(3))
    return root


def folder(root: Path) -> Path:
    """Your own: one question by choice, one in words."""
    lines: list[dict[str, Any]] = [
        {"id": "a", "image": "images/a.jpg", "question": "Red?", "options": ["no", "yes"]},
        {"id": "b", "image": "images/a.jpg", "question": "What is it?"},
    ]
    lines[0] |= {"answer": 1, "targets": [{"name": "cup", "box": [1, 2, 30, 40]}]}
    lines[1] |= {"answer": ["cup", "a cup"]}
    put(root / "samples.jsonl", "\n".join(map(json.dumps, lines)))
    put(root / "dataset.toml", 'name = "mine"\nn = 2\nimages = 1\n')
    put(root / "images" / "a.jpg", jpeg())
    return root


WRITERS: dict[str, Callable[[Path], Path]] = {
    "vstar": vstar,
    "hrbench": hrbench,
    "mme-realworld-lite": mme_realworld_lite,
    "aokvqa": aokvqa,
    "gqa": gqa,
    "folder": folder,
}
