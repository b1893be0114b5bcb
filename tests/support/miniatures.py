"""
The paper's benchmarks in miniature: a few questions each, in the formats in which they are shipped.

Names of domains and tasks are those of the benchmarks, so that tables by category come out whole.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs

from tests.support.shipped import SUFFIX, jpeg, put, tsv

VSTAR_SIZE, HR_4K_SIZE, HR_8K_SIZE, LARGE_SIZE = (320, 240), (400, 300), (480, 360), (240, 180)
MME_TASKS = {  # fine categories by coarse one, as MME-RealWorld-Lite has them
    "Perception/Autonomous_Driving": (
        *("Attribute_Motion_MultiPedestrians", "Attribute_Motion_MultiVehicles"),
        *("Attribute_Motion_Pedestrain", "Attribute_Motion_Vehicle"),
        *("Object_Count", "Objects_Identify", "Attribute_Visual_TrafficSignal"),
    ),
    "Perception/Diagram and Table": ("diagram", "table"),
    "Perception/Monitoring": (
        *("person/attribute/color", "person/counting", "person/attribute/orientation"),
        *("vehicle/attribute/color", "vehicle/counting", "vehicle/location"),
        "vehicle/attribute/orientation",
    ),
    "Perception/OCR with Complex Context": (
        *("adver_and_product", "book_map_poster", "license", "phone_and_address", "text_recog"),
    ),
    "Perception/Remote Sensing": ("color", "count", "position"),
    "Reasoning/Autonomous_Driving": (
        *("Attention_TrafficSignal", "Prediction_Intention_Ego"),
        *("Prediction_Intention_Pedestrian", "Prediction_Intention_Vehicle"),
        *("Relation_Interaction_Ego2Pedestrain", "Relation_Interaction_Ego2TrafficSignal"),
        *("Relation_Interaction_Ego2Vehicle", "Relation_Interaction_Other2Other"),
    ),
    "Reasoning/Diagram and Table": ("diagram", "table"),
    "Reasoning/Monitoring": ("calculate", "intention", "property"),
    "Reasoning/OCR with Complex Context": ("character identification", "scene understanding"),
}


@attrs.frozen
class _Question:
    """One question of V*Bench; the first sentence is the right one, whatever its letter."""

    category: str
    text: str
    choices: Sequence[str]  # in the order of their letters
    label: str
    sentences: Sequence[str]
    boxes: dict[str, tuple[int, int, int, int]]  # left, top, width, height by name


_VSTAR = (
    _Question(
        "direct_attributes",
        "What is the material of the glove?",
        ("cotton", "rubber", "kevlar", "leather"),
        "B",
        tuple(
            f"The material of the glove is {x}." for x in ("rubber", "cotton", "kevlar", "leather")
        ),
        {"glove": (40, 60, 24, 20)},
    ),
    _Question(
        "relative_position",
        "Is the dog on the left or right side of the car?",
        ("right", "left"),
        "B",
        ("The dog is on the left side of the car.", "The dog is on the right side of the car."),
        {"dog": (20, 20, 30, 25), "car": (200, 150, 60, 40)},
    ),
    _Question(
        "direct_attributes",
        "How many buttons are on the coat?",
        ("two", "four", "five", "three"),
        "D",
        tuple(f"There are {x} buttons on the coat." for x in ("three", "two", "four", "five")),
        {"buttons": (250, 30, 22, 22)},
    ),
    _Question(
        "relative_position",
        "Is the red kite above or below the tower?",
        ("above", "below"),
        "A",
        ("The red kite is above the tower.", "The red kite is below the tower."),
        {"red kite": (140, 10, 20, 20), "tower": (130, 120, 40, 100)},
    ),
)


def make_miniatures(home: Path) -> Path:
    """A folder for `--data`: every benchmark of the paper's tables in a folder of its own name."""
    _write_vstar(home / "vstar")
    for split, size in (("4k", HR_4K_SIZE), ("8k", HR_8K_SIZE)):
        tsv(home / "hrbench" / f"hr_bench_{split}.tsv", [*_hrbench_rows(size)])
    tsv(home / "mme-realworld-lite" / "mme_realworld_lite.tsv", [*_mme_rows()])
    _write_aokvqa(home / "aokvqa")
    _write_gqa(home / "gqa")
    return home


def _write_vstar(root: Path) -> None:
    lines = []
    for number, question in enumerate(_VSTAR):
        image = f"{question.category}/sa_{number}.jpg"
        options = [
            f"({letter}) {choice}" for letter, choice in zip("ABCD", question.choices, strict=False)
        ]
        lines.append(
            {
                "image": image,
                "text": "\n".join((question.text, *options, SUFFIX)),
                "category": question.category,
                "label": question.label,
                "question_id": str(number),
            }
        )
        put(root / image, jpeg(number, VSTAR_SIZE))
        beside = {
            "target_object": [*question.boxes],
            "bbox": [[*box] for box in question.boxes.values()],
            "question": question.text,
            "options": [*question.sentences],
        }
        put((root / image).with_suffix(".json"), json.dumps(beside))
    put(root / "test_questions.jsonl", "".join(json.dumps(line) + "\n" for line in lines))


def _hrbench_rows(size: tuple[int, int]) -> Iterator[dict[str, Any]]:
    """Two questions, each in four orders of its options."""
    asked = (
        ("single", "What is the number above the door?", ("27B", "37B", "27D", "27E")),
        ("cross", "Where is the bin in relation to the bench?", ("left", "right", "on", "under")),
    )
    for number, (category, text, choices) in enumerate(asked):
        picture = base64.b64encode(jpeg(10 + number, size)).decode()
        for cycle in range(4):
            turned = (*choices[cycle:], *choices[:cycle])
            yield {
                "index": 4 * number + cycle,
                "question": text,
                "answer": "ABCD"[turned.index(choices[0])],
                "category": category,
                **dict(zip("ABCD", turned, strict=True)),
                "cycle_category": str(cycle),
                "image": picture,
            }


def _mme_rows() -> Iterator[dict[str, Any]]:
    """A question of each task; those of a domain are about one picture."""
    options = ["(A) 12", "(B) It's 13", "(C) 14", "(D) 15", "(E) The image does not feature it."]
    for place, (category, tasks) in enumerate(MME_TASKS.items()):
        picture = base64.b64encode(jpeg(20 + place, LARGE_SIZE)).decode()
        for number, task in enumerate(tasks):
            yield {
                "index": f"{category}/{task}/{number:04}",
                "question": ("How many signs are there?", "What is on the sign?")[number % 2],
                "multi-choice options": options,
                "answer": "ABCDE"[number % 5],
                "category": category,
                "l2-category": task,
                "image": picture,
            }


def _write_aokvqa(root: Path) -> None:
    rows = [
        {
            "split": "val",
            "image_id": 100 + number,
            "question_id": f"q{number}",
            "question": text,
            "choices": choices,
            "correct_choice_idx": number,
            "direct_answers": [choices[number]] * 10,
            "difficult_direct_answer": False,
            "rationales": ["It is plain to see."] * 3,
        }
        for number, (text, choices) in enumerate(
            (
                ("What is behind the house?", ["tree", "car", "dog", "wall"]),
                ("How many people are there?", ["one", "two", "three", "four"]),
            )
        )
    ]
    put(root / "aokvqa_v1p0_val.json", json.dumps(rows))
    for number in range(2):
        image = root / "val2017" / f"{100 + number:012d}.jpg"
        put(image, jpeg(40 + number, LARGE_SIZE))


def _write_gqa(root: Path) -> None:
    rows = {
        f"20{number}": {
            "question": text,
            "answer": answer,
            "fullAnswer": f"{answer.capitalize()}.",
            "imageId": f"n{number}",
            "types": {"structural": "verify", "semantic": "attr", "detailed": "verifyAttr"},
        }
        for number, (text, answer) in enumerate(
            (("Is the sky above the house dark?", "yes"), ("What is the man wearing?", "shirt"))
        )
    }
    put(root / "testdev_balanced_questions.json", json.dumps(rows, indent=1))
    for number in range(2):
        put(root / "images" / f"n{number}.jpg", jpeg(50 + number, LARGE_SIZE))
