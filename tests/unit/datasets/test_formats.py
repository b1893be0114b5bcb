"""Each format is read field by field as it is shipped."""

from __future__ import annotations

import json

import pytest

from tests.support import shipped
from visualcrop import Box, Sample
from visualcrop.data.formats.aokvqa import Aokvqa
from visualcrop.data.formats.common import Folder
from visualcrop.data.formats.files import FileSource
from visualcrop.data.formats.gqa import Gqa
from visualcrop.data.formats.hrbench import HrBench
from visualcrop.data.formats.mme_realworld_lite import MmeRealworldLite
from visualcrop.data.formats.vstar import VStar, match_sentences
from visualcrop.plugin import Problem, TargetBox


class TestVStar:
    """V*Bench's folders."""

    def test_takes_the_question_from_its_prompt(self, tmp_path) -> None:
        """Options lose their letters, brackets in them stay, and the instruction goes."""
        first, second = VStar(path=str(shipped.vstar(tmp_path)))
        assert first.text == "What is the material of the glove?"
        assert first.choices == ("rubber (thin)", "cotton", "kevlar", "leather")
        assert (first.answer, second.answer) == (0, 1)
        assert second.choices == ("right", "left")
        assert first.id == "direct_attributes/sa_1"
        assert (first.category, second.category) == (("direct_attributes",), ("relative_position",))

    def test_finds_the_boxes_beside_the_image(self, tmp_path) -> None:
        """Corner and size become a box, also where the name of the file has two dots."""
        first, second = VStar(path=str(shipped.vstar(tmp_path)))
        assert first.targets == (TargetBox("glove", Box(10, 12, 30, 27)),)
        assert [target.name for target in second.targets] == ["dog", "car"]

    def test_finds_the_sentences_beside_the_image(self, tmp_path) -> None:
        """Each is at the place of its choice, though V*Bench lists the right one first."""
        first, second = VStar(path=str(shipped.vstar(tmp_path)))
        assert first.sentences == tuple(shipped.SENTENCES)
        assert second.choices == ("right", "left")
        assert second.sentences == ("The dog is on the right.", "The dog is on the left.")

    def test_each_sentence_goes_to_the_choice_that_it_has(self, tmp_path) -> None:
        """The longer of two options goes first; one whose words occur nowhere comes last."""
        choices = ("red", "red and blue", "blue", "none of them")
        sentences = ["It is blue.", "It is red and blue.", "It is neither.", "It is red."]
        sample = Sample("1", FileSource(""), "Which?", choices=choices, answer=2)
        assert match_sentences(sample, sentences) == (
            "It is red.",
            "It is red and blue.",
            "It is blue.",
            "It is neither.",
        )
        assert match_sentences(sample, [*reversed(choices)]) == ()
        assert match_sentences(sample, []) == ()

    @pytest.mark.parametrize(
        "options",
        [["It is rubber."], 7, ["a", "b", " ", "c"], [None] * 4, "abcd", ["It is rubber."] * 4],
    )
    def test_sentences_that_do_not_fit_are_left_out(self, options, tmp_path) -> None:
        """The question and its boxes stay, and the problem is named."""
        root = shipped.vstar(tmp_path)
        beside = root / "direct_attributes" / "sa_1.json"
        beside.write_text(json.dumps(json.loads(beside.read_text()) | {"options": options}))
        first, problem, second = VStar(path=str(root)).read()
        assert isinstance(first, Sample)
        assert isinstance(problem, Problem)
        assert isinstance(second, Sample)
        assert (first.sentences, len(first.targets), problem.effect) == ((), 1, "kept")
        assert problem.reason.startswith("sa_1.json does not give its options as sentences")
        assert len(second.sentences) == 2

    def test_without_boxes_keeps_the_question(self, tmp_path) -> None:
        """A sample without its JSON is there, and the lack is named."""
        root = shipped.vstar(tmp_path)
        (root / "direct_attributes" / "sa_1.json").unlink()
        (root / "relative_position" / "sa.2.json").write_text('{"target_object": ["dog"]}')
        rows = [*VStar(path=str(root)).read()]
        assert [type(row).__name__ for row in rows] == ["Sample", "Problem"] * 2
        assert [getattr(row, "effect", None) for row in rows[1::2]] == ["kept", "kept"]


class TestHrBench:
    """TSV and parquet, with pictures in base64."""

    def test_reads_all_four_orders(self, tmp_path) -> None:
        """The right option is the same text in each, and orders of one image are one group."""
        samples = [*HrBench(path=str(shipped.hrbench(tmp_path)))]
        assert [sample.answers for sample in samples] == [("27B",)] * 8
        assert [sample.meta["cycle"] for sample in samples] == ["0", "1", "2", "3"] * 2
        assert len({sample.group for sample in samples[:4]}) == 1
        assert len({sample.group for sample in samples}) == 2
        assert samples[0].text == 'What does the sign say?\nRead "all" of it.'
        assert samples[4].category == ("cross",)

    def test_parquet_says_the_same_as_tsv(self, tmp_path) -> None:
        """Only where the pictures lie differs; they are equal."""
        root = shipped.hrbench(tmp_path)
        path = shipped.parquet(tmp_path / "hr_bench_8k.parquet", shipped.hrbench_rows())
        for one, other in zip(HrBench(path=str(root)), HrBench(path=str(path)), strict=True):
            assert (one.id, one.text, one.choices, one.answer, one.group) == (
                other.id,
                other.text,
                other.choices,
                other.answer,
                other.group,
            )
            assert one.source.read() == other.source.read() == shipped.jpeg(int(one.id) // 4)

    def test_parquet_is_read_in_any_order(self, tmp_path) -> None:
        """A picture before the last one, or in another row group, is the right one."""
        path = shipped.parquet(tmp_path / "hr_bench_4k.parquet", shipped.hrbench_rows())
        samples = [*HrBench(path=str(path))]
        for index in (7, 0, 3, 2, 2, 5, 4):
            assert samples[index].source.read() == shipped.jpeg(index // 4)

    def test_split_chooses_the_file(self, tmp_path) -> None:
        """4K and 8K may lie in one folder."""
        root = shipped.hrbench(tmp_path)
        shipped.tsv(root / "hr_bench_8k.tsv", shipped.hrbench_rows()[:4])
        assert len([*HrBench(path=str(root))]) == 8
        assert len([*HrBench(path=str(root), split="8k")]) == 4


class TestMmeRealworldLite:
    """Both ways in which it is shipped."""

    @pytest.mark.parametrize("suffix", ["tsv", "parquet"])
    def test_reads_lists_of_options(self, tmp_path, suffix: str) -> None:
        """In the TSV the list is Python's; letters go, what else is in brackets stays."""
        if suffix == "tsv":
            shipped.tsv(tmp_path / "mme_realworld_lite.tsv", shipped.mme_rows())
        else:
            shipped.mme_realworld_lite(tmp_path)
        first, second = MmeRealworldLite(path=str(tmp_path))
        assert first.choices == ("12", "It's 13", "14 (left)", "15", "Not shown")
        assert (first.answer, second.answer) == (1, 4)
        category = ("OCR with Complex Context", "phone & address")
        assert first.category == ("Perception", *category)
        assert second.category == ("Reasoning", *category)
        assert first.group == second.group


class TestAokvqa:
    """Multiple choice and direct answers are two tasks."""

    def test_by_choice(self, tmp_path) -> None:
        """All rows, each with four options."""
        samples = [*Aokvqa(path=str(shipped.aokvqa(tmp_path)))]
        assert [sample.answers for sample in samples] == [("tree",), ("car",)]

    def test_direct_answers_leave_out_the_difficult(self, tmp_path) -> None:
        """As the official score does; what is left out is named, and is no loss."""
        rows = [*Aokvqa(path=str(shipped.aokvqa(tmp_path)), task="da").read()]
        assert [getattr(row, "effect", None) for row in rows] == ["excluded", None]
        assert isinstance(rows[1], Sample)
        assert rows[1].answers == ("car",) * 7 + ("cars",) * 3


class TestGqa:
    """One object of many questions."""

    def test_keys_are_ids(self, tmp_path) -> None:
        """Questions about one image are one group; types are categories."""
        first, second = Gqa(path=str(shipped.gqa(tmp_path)))
        assert (first.id, first.answers, second.answers) == ("200", ("yes",), ("no",))
        assert first.group == second.group == "n161313"
        assert first.category == ("verify", "attr")


class TestFolder:
    """The common form."""

    def test_by_choice_and_in_words(self, tmp_path) -> None:
        """What is not given is empty."""
        first, second = Folder(path=str(shipped.folder(tmp_path)))
        assert (first.answer, first.targets[0].box) == (1, Box(1, 2, 30, 40))
        assert (second.answers, second.choices, second.targets) == (("cup", "a cup"), (), ())
        assert first.group == second.group == "images/a.jpg"
