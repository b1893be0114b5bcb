"""Every figure of the page "Found in the paper", worked out from the paper's tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from visualcrop.evaluation.efficiency import Curve, passes_ratio
from visualcrop.evaluation.published.recomputed import DATASETS, claims
from visualcrop.evaluation.published.stated import stated
from visualcrop.evaluation.published.tables import Row, table
from visualcrop.models.engine.metering.meter import macs

DOCS = Path(__file__).parents[2] / "docs" / "explanation"
PAGE = " ".join((DOCS / "found-in-the-paper.md").read_text().split())
NAMES = {"direct": "vanilla", "zoomeye": "ZoomEye", "focus": "FOCUS"}
DOMAINS = {"ad": "autonomous driving", "ocr": "OCR"}


def says(*parts: object) -> bool:
    """Whether the page has these parts as the cells of a row, or a sentence."""
    return " | ".join(map(str, parts)) in PAGE


def counts_of(share: float, whole: int) -> list[str]:
    """Counts that are *share* percent of *whole*, rounded to two digits or cut off after them."""
    found = []
    for count in range(whole + 1):
        exact = 100 * count / whole
        if abs(exact - share) <= 0.005 + 1e-9:
            found.append(str(count))
        elif math.floor(100 * exact + 1e-9) == round(100 * share):
            found.append(f"{count}, cut off")
    return found


def curve(method: str, dataset: str, **other: float) -> Curve:
    """LLaVA-1.5's points in Table 10; those of a setting in *other* have that accuracy."""
    rows = table(10).where(method=method, model="llava-1.5", dataset=dataset)
    return Curve.of(
        [float(row["passes"]) for row in rows],
        [other.get(row["setting"], float(row["accuracy"])) for row in rows],
    )


class TestMme:
    """Table 2 against Table 11."""

    def _weights(self, subset: str, domain: str) -> Mapping[str, int]:
        """Questions by task: 50, but for one task of one domain."""
        tasks = [row["task"] for row in table(11).where(subset=subset, domain=domain)]
        whole = int(table(9).row(subset=subset, domain=domain)["questions"])
        weights = dict.fromkeys(tasks, 50)
        if whole != 50 * len(tasks):
            weights["person orientation"] = whole - 50 * (len(tasks) - 1)
        assert sum(weights.values()) == whole
        return weights

    def _domains(self, method: str, subset: str) -> dict[str, tuple[float, float, int]]:
        """Table 2's figure, the one from Table 11, and the number of questions, by domain."""
        found = {}
        for row in table(9).where(subset=subset):
            domain, whole = row["domain"], int(row["questions"])
            tasks = table(11).where(subset=subset, domain=domain)
            weights = self._weights(subset, domain)
            right = sum(float(task[method]) * weights[task["task"]] for task in tasks)
            printed = float(table(2).row(method=method)[f"{subset[0]}_{domain}"])
            found[domain] = printed, right / whole, whole
        return found

    def test_one_task_is_smaller(self) -> None:
        """Nineteen questions, by the counts of Table 9 and by its own shares."""
        weights = self._weights("perception", "mo")
        assert [n for n in weights.values() if n != 50] == [weights["person orientation"]] == [19]
        (row,) = table(11).where(task="person orientation")
        assert all(counts_of(float(row[method]), 19) for method in NAMES)
        assert says("Each task has 50 questions, but for *Person orientation* with 19.")

    def test_the_page_lists_what_differs(self) -> None:
        """Each domain with other figures, the average, and which table gives it; and no other."""
        compared, rows = 0, []
        for method, name in NAMES.items():
            for subset in ("perception", "reasoning"):
                domains = self._domains(method, subset)
                average = float(table(2).row(method=method)[subset])
                means = [
                    round(sum(d[place] * d[2] for d in domains.values()) / questions, 2)
                    for questions in [sum(d[2] for d in domains.values())]
                    for place in (0, 1)
                ]
                compared += len(domains)
                for domain, (printed, from_tasks, _) in domains.items():
                    if abs(printed - from_tasks) > 0.0051:
                        right = means.index(average)
                        given = f"Table {(2, 11)[right]}; Table {(11, 2)[right]} gives"
                        rows.append(
                            f"| {name}, {subset}, {DOMAINS[domain]} | {printed:.2f} | "
                            f"{from_tasks:.2f} | {average:.2f} | {given} {means[1 - right]:.2f} |"
                        )
        assert all(row in PAGE for row in rows)
        assert says(f"{compared - len(rows)} of {compared} do.")
        assert len(rows) == 4

    def test_one_is_no_share(self) -> None:
        """Of its domain's questions."""
        questions = table(9).row(subset="reasoning", domain="ad")["questions"]
        assert not counts_of(32.35, int(questions))
        assert counts_of(32.25, int(questions))
        assert says(f"32.35 % is no share of {questions} questions.")

    def test_the_average_of_table_11_is_that_of_table_2(self) -> None:
        """As both print it."""
        for row in table(11).where(task="average"):
            printed = [table(2).row(method=method)[row["subset"]] for method in NAMES]
            assert [row[method] for method in NAMES] == printed

    def test_the_ratio(self) -> None:
        """5.47 is the mean over questions of two ratios."""
        ours, theirs = (table(2).row(method=method) for method in ("focus", "zoomeye"))
        each = [float(theirs[f"{s}_passes"]) / float(ours[f"{s}_passes"])
                for s in ("perception", "reasoning")]  # fmt: skip
        assert says(f"{each[0]:.2f} for perception and {each[1]:.2f} for reasoning: 5.47 is their")
        (claim,) = [claim for claim in claims(2) if "passes / FOCUS's" in claim.what]
        assert round(claim.ours, 2) == stated("efficiency, mme_realworld_lite") == 5.47

    def test_the_gain(self) -> None:
        """6 % are 5.7."""
        (claim,) = [claim for claim in claims(2) if "accuracy over direct's" in claim.what]
        assert says("1: 6 % on MME-RealWorld-Lite", f"{claim.ours:.1f} % over all questions")


class TestTable10:
    """Halves, counts and rounding."""

    def _halves(self, row: Row) -> float:
        one, several = float(row["single_target"]), float(row["several_targets"])
        weights = (115, 76) if row["dataset"] == "vstar" else (1, 1)  # questions with one target
        return (weights[0] * one + weights[1] * several) / sum(weights)

    def test_two_rows_are_not_their_halves(self) -> None:
        """The page has both, and all others agree to two digits, one way or the other."""
        rows = [row for row in table(10).rows if row["single_target"]]
        off = [row for row in rows if abs(self._halves(row) - float(row["accuracy"])) > 0.016]
        assert [(row["method"], row["setting"], row["dataset"]) for row in off] == [
            ("zoomeye", "Depth-2 (4 crops)", "hrbench_8k"),
            ("focus", "Steps-2 (overrun)", "hrbench_8k"),
        ]
        for row in off:
            one, several = (float(row[name]) for name in ("single_target", "several_targets"))
            mean = math.floor(100 * self._halves(row) + 0.5) / 100
            assert f"{float(row['accuracy']):.2f} %" in PAGE
            assert f"{one:.2f} and {several:.2f} %" in PAGE
            assert f"make {mean:.2f} %" in PAGE

    def test_some_are_no_share_of_191(self) -> None:
        """On V*Bench: SEAL's, and two of OneVision's; all others that count questions are one."""
        shares = [(10, row["accuracy"]) for row in table(10).where(dataset="vstar")]
        shares += [(n, row["accuracy"]) for n in (13, 14, 15) for row in table(n).rows]
        shares += [(12, row["vstar"]) for row in table(12).where(deviation="")]
        shares += [(n, row["vstar"]) for n in (3, 5) for row in table(n).rows[:-1]]
        off = {(n, share) for n, share in shares if not counts_of(float(share), 191)}
        assert off == {(3, "48.68"), (10, "73.68"), (13, "73.68"), (10, "57.00"), (13, "74.46"),
                       (12, "91.01")}  # fmt: skip
        assert table(3).row(variant="random map")["vstar"] == "48.68"
        assert table(10).row(method="dc2", dataset="vstar")["accuracy"] == "57.00"
        assert table(12).row(model="llava-onevision", option="s_max", value="7")["vstar"] == "91.01"
        assert table(13).row(method="direct", model="llava-onevision")["accuracy"] == "74.46"
        assert counts_of(73.68, 76) == ["56"]
        assert says("It would be 56 of the 76 questions about two things.")

    def test_two_parts_are_no_share(self) -> None:
        """Of the 115 questions about one target, and the 76 about two; the page mends them."""
        rows = table(10).where(dataset="vstar")
        off = [
            (float(row[part]), whole)
            for part, whole in (("single_target", 115), ("several_targets", 76))
            for row in rows
            if row[part] and not counts_of(float(row[part]), whole)
        ]
        assert sorted(off) == [(57.90, 76), (93.93, 115)]
        nearest = {share: 100 * round(share * whole / 100) / whole for share, whole in off}
        assert says(f"are {nearest[93.93]:.2f} and {nearest[57.90]:.2f}.")

    def test_some_are_cut_off(self) -> None:
        """Of all accuracies of FOCUS and ZoomEye on V*Bench."""
        rows = [r for m in ("focus", "zoomeye") for r in table(10).where(method=m, dataset="vstar")]
        found = [counts_of(float(row["accuracy"]), 191)[0] for row in rows]
        cut = sum(each.endswith("cut off") for each in found)
        which = "accuracies of FOCUS and ZoomEye on V*Bench in Table 10"
        assert says(f"Of the {len(rows)} {which}, {cut} are cut off after the second digit")
        assert says(f"and {len(rows) - cut} are rounded")

    def test_zoomeyes_passes_are_three_for_each_node(self) -> None:
        """Over 191 and 200 searches' records, all of them."""
        rows = table(10).where(method="zoomeye")
        for row in rows:
            records, passes = 191 if row["dataset"] == "vstar" else 200, float(row["passes"])
            popped = round(passes * records / 3)
            assert abs(3 * popped / records - passes) <= 0.005 + 1e-9, row
        assert says(f"all {len(rows)} figures of ZoomEye in Table 10 are three times a whole")


class TestTables:
    """Each against others."""

    def test_zoomeye_on_v_star(self) -> None:
        """77.48 and 77.49."""
        where = {"method": "zoomeye", "model": "llava-1.5", "dataset": "vstar"}
        tens = {
            table(10).row(**where, setting="Depth-5 (4 crops)")["accuracy"],
            table(14).row(method="zoomeye", setting="Depth-5 (4 crops)")["accuracy"],
            table(16).row(**where)["reproduced"],
        }
        others = {
            table(13).row(method="zoomeye")["accuracy"],
            table(15).row(method="zoomeye", inference="option-logits")["accuracy"],
        }
        assert (tens, others) == ({"77.48"}, {"77.49"})
        assert counts_of(77.49, 191) == ["148"]
        there = "77.49 % in Tables 13 and 15, which is 148 of 191"
        assert says("77.48 % in Tables 10, 14 and 16", there)

    @pytest.mark.parametrize(
        ("method", "setting", "inference"),
        [
            ("zoomeye", "Depth-5 (4 crops)", "option-logits"),
            ("focus", "Steps-8 (overrun)", "generate"),
        ],
    )
    def test_seconds(self, method: str, setting: str, inference: str) -> None:
        """Of the same search, in three tables."""
        here = table(14).row(method=method, setting=setting)["seconds"]
        there = table(13).row(method=method)["seconds"]
        assert table(15).row(method=method, inference=inference)["seconds"] == there != here
        place = " and C.4" if method == "zoomeye" else ""
        assert says(f"{here} in Table 14{place}", f"{there} in Tables 13 and 15")

    def test_onevision_as_usual(self) -> None:
        """Every row of Table 12 with the usual value has what Table 10 has at 4 and 6 steps."""
        usual = {"k": "30", "threshold": "0.5", "s_max": "9", "s_dist": "2", "nms": "0.3"}
        found = {
            table(12).row(option=option, model="llava-onevision", value=value)["vstar"]
            for option, value in usual.items()
        }
        where = {"method": "focus", "model": "llava-onevision", "dataset": "vstar"}
        at = table(10).row(**where, setting="Steps-8 (overrun)")["accuracy"]
        assert found == {"92.15"}
        assert says("92.15 % in Table 12", f"{at} % at 8 steps in Table 10; 4.3 says")

    def test_the_third_step(self) -> None:
        """On HR-Bench 4K its passes jump."""
        rows = table(10).where(method="focus", model="llava-1.5", dataset="hrbench_4k")
        passes = {row["setting"]: float(row["passes"]) for row in rows}
        over = {n: passes[f"Steps-{n} (overrun)"] for n in (1, 2, 3, 4, 6, 8)}
        cost = {b: (over[b] - over[a]) / (b - a) for a, b in pairwise(over)}
        third = cost.pop(3)
        assert says(f"on HR-Bench with overrun, the third step costs {third:.2f} passes in Table "
                    f"10, and no other more than {max(cost.values()):.2f}")  # fmt: skip
        assert table(7).row(option="k")["llava_1_5"].startswith("15 below 4 steps")

    def test_a_random_map(self) -> None:
        """It is as good as nothing, to the digit."""
        random, vanilla = (table(3).row(variant=v)["hrbench_4k"] for v in ("random map", "direct"))
        assert random == vanilla
        assert says(f"On HR-Bench 4K it has {random} % in Table 3, exactly as no search at all.")

    def test_random_guessing(self) -> None:
        """A quarter of 115 questions and half of 76."""
        printed = table(3).row(variant="random guess")["vstar"]
        assert says(f"Table 3 has {printed} % for V*Bench.")
        assert says(f"it would be {100 * (115 / 4 + 76 / 2) / 191:.2f} %.")

    def test_layers(self) -> None:
        """Table 7's first."""
        assert says(f"{table(7).row(option='first layer')['llava_onevision']} in Table 7", "*from")


class TestMacs:
    """Table 14 on the page of protocols."""

    @pytest.mark.parametrize(
        ("label", "method", "setting", "tokens"),
        [
            ("FOCUS, one step without overrun", "focus", "Steps-1 (without overrun)", 656),
            ("FOCUS, 8 steps", "focus", "Steps-8 (overrun)", 656),
            ("ZoomEye, depth 1, 2 crops", "zoomeye", "Depth-1 (2 crops)", 672),
            ("ZoomEye, depth 5", "zoomeye", "Depth-5 (4 crops)", 672),
        ],
    )
    def test_what_is_left_over(self, label: str, method: str, setting: str, tokens: int) -> None:
        """In passes, at the cost of one by the formula."""
        row = table(14).row(method=method, setting=setting)
        one = macs(tokens, layers=32, width=4096, inner=11008) / 1e12
        counted = float(row["passes"]) * one
        left = (float(row["teramacs"]) - counted) / one
        page = (DOCS / "protocols.md").read_text()
        cells = (label, row["passes"], row["teramacs"], f"{counted:.2f}", f"{left:.2f}")
        assert f"| {' | '.join(cells)} |" in page


class TestText:
    """What the paper's text says, against its tables."""

    def test_efficiency(self) -> None:
        """Ratios of Section 4.2 and of the introduction, for LLaVA-1.5."""
        found = {d: float(passes_ratio(curve("focus", d), curve("zoomeye", d))) for d in DATASETS}
        printed = stated("efficiency, llava-1.5, hrbench_4k")
        assert says(f"4.2: {printed:.2f} × fewer passes on HR-Bench 4K",
                    f"{found['hrbench_4k']:.2f}, by the rule of A.2 from Table 10")  # fmt: skip
        low, high = (stated(f"{which} efficiency, llava-1.5") for which in ("least", "most"))
        assert says(f"1: {low} to {high} × with LLaVA-1.5",
                    f"{min(found.values()):.2f} to {max(found.values()):.2f}")  # fmt: skip

    def test_hrbench_8k(self) -> None:
        """The ratio that is printed belongs to another accuracy than the text names."""
        ours, theirs = curve("focus", "hrbench_8k"), curve("zoomeye", "hrbench_8k")
        top, named = (stated(f"{what}, focus, llava-1.5, hrbench_8k")
                      for what in ("top accuracy", "accuracy compared"))  # fmt: skip
        assert ours.best == top
        assert named not in ours.accuracy
        found = float(passes_ratio(ours, theirs))
        at = np.float64(named)
        other = float(theirs.passes_at(at) / ours.passes_at(at))
        printed = stated("efficiency, llava-1.5, hrbench_8k")
        assert round(found, 2) == printed != round(other, 2)
        changed = curve("zoomeye", "hrbench_8k", **{"Depth-2 (4 crops)": 42.63})
        mended = float(passes_ratio(ours, changed))
        assert says(f"its top accuracy is {top:.2f} %, as 4.2 says before; no row has {named} %. "
                    f"{printed} is the ratio at {top:.2f} %. With 42.63 % for ZoomEye's Depth-2 it "
                    f"would be {mended:.2f}")  # fmt: skip

    def test_gains(self) -> None:
        """Relative gains of the introduction, as far as the tables have the vanilla models."""
        gained = "accuracy gained [%], {}, vstar and hrbench"
        vanilla = table(3).row(variant="direct")
        tops = {d: float(curve("focus", d).best) for d in DATASETS}
        gains = {d: 100 * (tops[d] / float(vanilla[d]) - 1) for d in ("vstar", "hrbench_4k")}
        left = 3 * stated(gained.format("llava-1.5")) - sum(gains.values())
        needed = tops["hrbench_8k"] / (1 + left / 100)
        assert says(f"1: {stated(gained.format('llava-1.5')):.0f} % higher accuracy with LLaVA-1.5 "
                    "on three datasets", f"relative, not points. {gains['vstar']:.1f} % on V*Bench "
                    f"and {gains['hrbench_4k']:.1f} % on HR-Bench 4K; no table has LLaVA-1.5 alone "
                    f"on 8K. It would have to be {needed:.1f} %")  # fmt: skip
        rows = table(10).where(method="focus", model="llava-onevision", dataset="vstar")
        alone = float(table(13).row(method="direct", model="llava-onevision")["accuracy"])
        gain = 100 * (max(float(row["accuracy"]) for row in rows) / alone - 1)
        assert says(f"1: {stated(gained.format('llava-onevision')):.0f} % with OneVision on three "
                    "datasets", f"{gain:.1f} % on V*Bench; no table has OneVision alone on "
                    "HR-Bench")  # fmt: skip

    def test_no_ranking(self) -> None:
        """Points over the vanilla model."""
        ours, vanilla = (float(table(3).row(variant=v)["vstar"]) for v in ("no ranking", "direct"))
        assert says("vanilla model on V*Bench", f"{ours - vanilla:.2f} points")

    def test_a_quarter(self) -> None:
        """Of passes, and of seconds."""
        ours, theirs = (table(13).row(method=method) for method in ("focus", "zoomeye"))
        passes, seconds = (100 * float(ours[c]) / float(theirs[c]) for c in ("passes", "seconds"))
        printed = {stated(f"share of zoomeye's {c} [%], vstar") for c in ("passes", "seconds")}
        assert printed == {25}
        assert says(f"{passes:.1f} % of the passes and {seconds:.1f} % of the seconds in Table 13")

    def test_large_objects(self) -> None:
        """Table 4's differences are those of its own cells, and the largest is on the page."""
        lost = {}
        for row in table(4).rows:
            vanilla = table(4).row(model=row["model"], method="direct")
            for dataset in ("aokvqa", "gqa"):
                if printed := row[f"{dataset}_difference"]:
                    found = float(row[dataset]) - float(vanilla[dataset])
                    assert found == pytest.approx(float(printed), abs=1e-9)
                    lost[row["method"], row["model"], dataset] = found
        most = min((each for each in lost if each[0] == "focus"), key=lost.__getitem__)
        assert most == ("focus", "llava-onevision", "gqa")
        assert says(f"OneVision loses {-lost[most]:.2f} points on GQA")

    def test_a_width(self) -> None:
        """Of V*Bench."""
        there = int(table(8).row(dataset="vstar")["mean_width"])
        assert says(f"V*Bench's images are {stated('mean width, vstar'):,.0f} pixels wide",
                    f"{there:,} in Table 8")  # fmt: skip


@pytest.mark.parametrize("row", table(3).rows[:6], ids=lambda row: row["variant"])
def test_recalls(row: Row) -> None:
    """Which are a number of questions, of halves of questions, or of boxes."""
    share = float(row["vstar_recall"])
    cells = [", ".join(counts_of(share, whole)) or "no" for whole in (191, 382, 267)]
    assert says(f"{row['variant']}, {row['vstar_recall']}", *cells)


def test_figures_point_to_the_same_searches() -> None:
    """What Figure 4's recalls are joined by: Table 3's rows have the accuracies of Table 10."""
    from visualcrop.evaluation.published.figures import figure_points

    points = [p for p in figure_points() if p.figure == 4 and p.recall is not None]
    assert [(p.setting, p.recall) for p in points] == [
        ("Steps-1 (without overrun)", 38.48),
        ("Steps-8 (overrun)", 77.49),
    ]
    for point, variant in zip(points, ("no ranking", "focus"), strict=True):
        assert float(table(3).row(variant=variant)["vstar"]) == point.accuracy
