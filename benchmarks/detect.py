"""
How well `VisualSearch.detect` finds things by their names, in scenes of `shapes`.

Each question of the split names one or two things. They are looked for by name, and all things of
that name are known, also that there are none. A box finds a thing if it holds the thing's centre
and most of its area; what it finds a second time is a mistake.

    python benchmarks/detect.py --count 100 --searcher focus
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence

from visualcrop import Box, Evidence, Ledger, Sample, VisualSearch
from visualcrop_tiny.scenes.plan import plan_scene
from visualcrop_tiny.shapes import SceneSource, Shapes


def main() -> None:
    """Print recall and precision for each kind of question, and overall."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("-m", "--model", default="tiny-shapes")
    parser.add_argument("-s", "--searcher", default="focus")
    parser.add_argument("--split", default="test")
    parser.add_argument("--size", default="2k")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--one", action="store_true", help="of each name the surest box alone")
    given = parser.parse_args()
    search = VisualSearch.open(given.model, given.searcher)
    groups: dict[str, Counter[str]] = {}
    for sample in Shapes(split=given.split, size=given.size, count=given.count):
        image = sample.source.open()
        for name, boxes in name_things(sample):
            ledger = Ledger()
            found = search.detect(image, name, every=not given.one, ledger=ledger)
            counted = count_right(found, boxes)
            for group in (*sample.category, "all"):
                groups.setdefault(group, Counter()).update(
                    {**counted, "names": 1, "passes": ledger.passes}
                )
    for group, counts in groups.items():
        show(group, counts)


def name_things(sample: Sample) -> Iterator[tuple[str, Sequence[Box]]]:
    """Each name in a question, with the boxes of all things in the scene that have it."""
    source = sample.source
    if not isinstance(source, SceneSource):
        raise TypeError(source)
    plan = plan_scene(source.seed, source.width, source.height, source.kind, source.things)
    names = {target.name for target in sample.targets}
    if not names:  # a thing that is not there: Is there a red star in the image?
        names = {sample.text.removesuffix(" in the image?").removeprefix("Is there a ")}
    for name in sorted(names):
        yield name, [each.box for each in plan.things if name in {each.name, each.shape}]


def count_right(found: Evidence, boxes: Sequence[Box]) -> Counter[str]:
    """How many boxes and things there are, how many are right, and points that are in a thing."""
    left, right = [*boxes], 0
    for finding in found.findings:  # the surest first
        hit = next((box for box in left if shows(finding.box, box)), None)
        if hit is not None:
            left.remove(hit)
            right += 1
    points = sum(any(holds(box, point.x, point.y) for box in boxes) for point in found.points)
    return Counter(things=len(boxes), boxes=len(found.findings), right=right, points=points)


def shows(box: Box, thing: Box) -> bool:
    """Whether *box* holds the centre and most of a thing."""
    common = box.common(thing)
    return holds(box, *thing.centre) and common is not None and common.area > thing.area / 2


def holds(box: Box, x: float, y: float) -> bool:
    """Whether a place lies in *box*."""
    return box.left <= x <= box.right and box.top <= y <= box.bottom


def show(group: str, counts: Counter[str]) -> None:
    """A line of the table."""
    things, boxes = max(1, counts["things"]), max(1, counts["boxes"])
    print(
        f"{group:10} {counts['names']:4} names  recall {counts['right'] / things:.2f} of "
        f"{counts['things']}  precision {counts['right'] / boxes:.2f} of {counts['boxes']}  "
        f"points inside {counts['points'] / boxes:.2f}  passes {counts['passes']}"
    )


if __name__ == "__main__":
    main()
