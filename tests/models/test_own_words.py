"""Letters generated and options weighed as sentences are two schemes, as in Table 15."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest
import torch
from torch.nn.functional import cross_entropy

from tests.support.opened import noise
from tests.support.own_words import lines, write_vstar_bench
from tests.support.weighing import Weighing
from visualcrop import BudgetedModel, Direct, Ledger, ModelFamily, Question, Sample, VisualSearch
from visualcrop.data.formats.vstar import VStar
from visualcrop.evaluation.protocols import get_protocol
from visualcrop.models.huggingface import HuggingFaceModel
from visualcrop.plugin import Registry
from visualcrop.protocol import PromptProtocol, has_words

LETTERS, SENTENCES = get_protocol("paper", "vstar"), get_protocol("zoomeye", "vstar")
WORDS = attrs.evolve(SENTENCES, weigh="choices")
ASK = "Answer with the option's letter from the given choices directly."


@attrs.frozen
class Plain:
    """The model as transformers runs it: its processor, its template, a pass for each reply."""

    processor: Any
    network: Any

    def letter(self, question: Question) -> int | None:
        """The choice of the greedy reply to the paper's prompt, if it is a letter and no more."""
        options = [f"({a}) {each}" for a, each in zip("ABCD", question.choices, strict=False)]
        inputs = self._inputs(question, "\n".join([question.text, *options, ASK]))
        with torch.no_grad():
            out = self.network.generate(**inputs, do_sample=False, max_new_tokens=32)
        new = out[0, inputs["input_ids"].shape[1] :]
        said = self.processor.decode(new, skip_special_tokens=True).strip()
        return "ABCD".index(said) if said in {*"ABCD"[: len(question.choices)]} else None

    def likeliest(self, question: Question, replies: Sequence[str]) -> int:
        """The reply whose tokens, the turn's end among them, have the least mean loss."""
        start = self._inputs(question, question.text)["input_ids"].shape[1]
        losses = []
        for reply in replies:
            inputs = self._inputs(question, question.text, reply)
            with torch.no_grad():
                logits = self.network(**inputs).logits[0, start - 1 : -1]
            losses.append(float(cross_entropy(logits.float(), inputs["input_ids"][0, start:])))
        return losses.index(min(losses))

    def _inputs(self, question: Question, text: str, reply: str | None = None) -> Any:
        asked = [{"type": "image"}, {"type": "text", "text": text}]
        turns: list[dict[str, Any]] = [{"role": "user", "content": asked}]
        if reply is not None:
            turns.append({"role": "assistant", "content": [{"type": "text", "text": reply}]})
        written = self.processor.apply_chat_template(turns, add_generation_prompt=reply is None)
        picture = question.image.picture
        return self.processor(text=written, images=[picture], return_tensors="pt")


@pytest.fixture(scope="module")
def model() -> HuggingFaceModel:
    """The shipped model; in bfloat16, one of the 200 is a tie that rounding breaks."""
    opened = Registry.load().build(ModelFamily, "tiny-shapes(dtype=float32)").open()
    assert isinstance(opened, HuggingFaceModel)
    return opened


def posed(root: Path, *protocols: PromptProtocol) -> list[list[Question]]:
    """Each question of a folder, under each of the protocols."""
    return [
        [attrs.evolve(question, protocol=each) for each in protocols]
        for question in (sample.question() for sample in VStar(path=str(root)))
    ]


def test_each_sentence_stands_beside_its_choice(tmp_path: Path) -> None:
    """Of 200 questions, though the files have the right one first, and letters in any order."""
    root = write_vstar_bench(tmp_path, drawn=False)
    rows = [row for row in VStar(path=str(root)).read() if isinstance(row, Sample)]
    assert len(rows) == len({row.id for row in rows}) == 200
    moved = 0
    for row, line in zip(rows, lines(), strict=True):
        listed = line["beside"]["options"]
        assert sorted(row.sentences) == sorted(listed)
        assert row.sentences["ABCD".index(line["label"])] == listed[0]
        assert all(map(has_words, row.sentences, row.choices))
        moved += row.sentences != tuple(listed)
    assert moved > 100


def test_each_scheme_has_its_prompt(tmp_path: Path) -> None:
    """Of 200 questions: one asks for a letter, one weighs the sentences with their end."""
    root, passes = write_vstar_bench(tmp_path, drawn=False), 0
    for sample in VStar(path=str(root)):
        question = sample.question_about(noise())
        model = Weighing()
        for protocol in (LETTERS, SENTENCES, WORDS):
            asked = attrs.evolve(question, protocol=protocol)
            Direct().search(asked, BudgetedModel(model, Ledger()))
        (letters,), (sentences, words) = model.said, model.weighed
        options = (f"({a}) {each}" for a, each in zip("ABCD", sample.choices, strict=False))
        assert letters.text == "\n".join((sample.text, *options, ASK))
        assert sentences == (sample.text, sample.sentences, True)
        assert words == (sample.text, sample.choices, True)
        passes += model.passes
    assert passes == 200 + 2 * (120 * 4 + 80 * 2)


_QUARTERS = [pytest.param(slice(n, None, 4), marks=pytest.mark.proof) for n in range(4)]


@pytest.mark.parametrize("of", [slice(None, None, 25), *_QUARTERS], ids=str)
def test_each_scheme_is_transformers_own(
    of: slice, model: HuggingFaceModel, tmp_path: Path
) -> None:
    """Each answer is that of a plain computation of its scheme, and the schemes differ."""
    plain, told = Plain(model.prompt_processor.processor, model.network), list[list[Any]]()
    search = VisualSearch(model, Direct())
    for letters, sentences, words in posed(
        write_vstar_bench(tmp_path, of), LETTERS, SENTENCES, WORDS
    ):
        chosen = [search.answer(each).choice for each in (letters, sentences, words)]
        assert chosen == [
            plain.letter(letters),
            plain.likeliest(sentences, sentences.sentences),
            plain.likeliest(words, words.choices),
        ]
        told.append(chosen)
    assert len(told) == len(lines()[of])
    for other in (0, 2):
        assert sum(each[other] != each[1] for each in told) >= len(told) / 5
