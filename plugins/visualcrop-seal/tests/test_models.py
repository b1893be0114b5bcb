"""SEAL's own models, on tiny random checkpoints in the published format."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs
import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from tests.support.opened import noise
from tests.support.tiny.seal import tower, vqa, vsm
from visualcrop import (
    Box,
    Budget,
    BudgetedModel,
    Image,
    Ledger,
    Prompt,
    Question,
    Target,
    View,
    errors,
)
from visualcrop.models import cache_argument
from visualcrop.plugin import Registry, Searcher
from visualcrop.testing import Bench
from visualcrop_seal import SealVqa, SealVsm
from visualcrop_seal.networks.language_model import Measured
from visualcrop_seal.networks.vqa_model import VqaModel, format_conversation
from visualcrop_seal.networks.vsm_model import LocatedReply
from visualcrop_seal.vsm import VsmFamily
from visualcrop_seal.working_memory import WorkingMemory

pytestmark = pytest.mark.torch
IMAGE = noise(500, 300)
LOCATE = Prompt((View.whole(IMAGE), "Please locate the mug in this image."))


def family(**options) -> SealVqa:
    """The answering model in float32."""
    defaults = {"checkpoint": str(vqa()), "vision_tower": str(tower()), "dtype": "float32"}
    return SealVqa(**defaults | options)


@pytest.fixture(scope="module")
def model() -> VqaModel:
    """The answering model."""
    opened = family().open()
    assert isinstance(opened, VqaModel)
    return opened


def search_model(**options) -> VsmFamily:
    """The search model in float32."""
    defaults = {"checkpoint": str(vsm()), "vision_tower": str(tower()), "dtype": "float32"}
    return VsmFamily(**defaults | options)


def locator() -> SealVsm:
    """The same as a locator."""
    return SealVsm(checkpoint=str(vsm()), vision_tower=str(tower()), dtype="float32")


def working_memory_prompt(*objects: str) -> Prompt:
    """A question, and objects in working memory."""
    bench = Bench.set_up()
    prompts: list[Prompt] = []

    class Recorder:
        """Keeps the prompts that it is given."""

        def expect(self, passes):
            pass

        def generate(self, asked, **options):
            prompts.extend(asked)
            return bench.toy.generate(asked)

    findings = [bench.finding.__class__(Target(name), Box(100, 60, 200, 120)) for name in objects]
    question = Question("Where is it?", IMAGE)
    WorkingMemory().compose(question, findings, Recorder())  # type: ignore[arg-type]
    return prompts[0]


class TestSearchModel:
    """V*'s search model."""

    def test_a_reply_with_loc_is_located(self):
        """Boxes and scores for every patch, a mask of four times as many rows."""
        (reply,) = search_model().open().generate([LOCATE], max_new_tokens=100)
        assert isinstance(reply, LocatedReply)
        assert reply.boxes.shape == (36, 4)
        assert ((reply.scores > 0) & (reply.scores < 1)).all()
        assert reply.mask.shape == (24, 24)
        assert reply.usage.flops > 0
        assert reply.usage.image_tokens == 16

    def test_a_reply_without_loc_is_not(self):
        """A reply that is cut off before the token has no boxes and no mask."""
        (reply,) = search_model().open().generate([LOCATE], max_new_tokens=0)
        assert not isinstance(reply, LocatedReply)

    def test_half_precision_locates_alike(self):
        """As published, in bfloat16: the same patch is the surest, or nearly."""
        replies = [
            search_model(dtype=dtype).open().generate([LOCATE])[0] for dtype in ("auto", "float32")
        ]
        half, full = (reply.scores for reply in replies if isinstance(reply, LocatedReply))
        assert full[half.argmax()] > full.max() - 0.05

    def test_flops_are_those_that_torch_counts(self):
        """All networks are metered; only products of small matrices outside modules are missed."""
        opened = search_model().open()
        with FlopCounterMode(display=False) as torchs, sdpa_kernel(SDPBackend.MATH):
            (reply,) = opened.generate([LOCATE], max_new_tokens=100)
        assert reply.usage.flops == pytest.approx(torchs.get_total_flops(), rel=0.01)
        assert reply.usage.macs > 0

    def test_is_loaded_once(self):
        """The next question finds it open."""
        assert search_model().open() is search_model().open()

    def test_threads_open_it_together(self):
        """Those that ask at once get one and the same."""
        vsm = search_model(dtype="float16")
        with ThreadPoolExecutor(4) as pool:
            opened = list(pool.map(lambda _: vsm.open(), range(4)))
        assert all(model is opened[0] for model in opened)

    def test_can_only_be_asked(self):
        """It shows no internals, scores no choices, and takes one image."""
        opened = search_model().open()
        with pytest.raises(errors.ModelError, match="no internals"):
            opened.forward([LOCATE])
        with pytest.raises(errors.ModelError, match="no choices"):
            opened.choose([LOCATE], ["a", "b"])
        with pytest.raises(errors.ModelError, match="one image at a time, not 0"):
            opened.generate([Prompt(("Hello",))])


class TestLocator:
    """The search model as SEAL asks it."""

    def test_heatmap_and_boxes_cover_the_part(self):
        """One cell for each pixel, none below zero; boxes in pixels of the image, best first."""
        bench, part = Bench.set_up(), Box(100, 50, 321, 252)
        detections = locator().detect(View(IMAGE, part), Target("mug"), bench.model)
        assert detections.heatmap.grid.box == part
        assert detections.heatmap.grid.shape == (202, 221)
        assert detections.heatmap.scores.min() >= 0
        scores = [proposal.score for proposal in detections.boxes]
        assert scores == sorted(scores, reverse=True)
        across, down = detections.boxes[0].box.centre
        assert part.left <= across <= part.right
        assert part.top <= down <= part.bottom

    def test_both_models_are_on_one_ledger(self):
        """Every pass of each is charged under its own name, before it is run."""
        bench, used = Bench.set_up(), search_model().open().passes
        for call in (locator().detect, locator().describe):
            call(bench.whole, bench.target, bench.model)
        locator().map_place(bench.whole, "table", bench.model)
        assert [c.model for c in bench.ledger.charges] == [str(vsm())] * 3
        assert search_model().open().passes - used == 3
        assert bench.toy.passes == 0
        assert bench.ledger.usage.flops > 0

    @pytest.mark.parametrize("passes", [0, 1, 2, 3, 4, 9])
    def test_budget_holds_for_both(self, passes):
        """With a budget of n, pass n + 1 of the two together is never run."""
        text = f'seal-vsm(checkpoint="{vsm()}", vision_tower="{tower()}", dtype=float32)'
        seal = f"seal(locator={text}, high=1, smallest=100)"
        searcher = Registry.load().build(Searcher, seal)
        bench, used = Bench.set_up(passes=passes), search_model().open().passes
        answer = searcher.search(bench.asked.question, bench.model)
        ran = search_model().open().passes - used + bench.toy.passes
        assert bench.ledger.passes == ran
        assert ran <= passes + 1  # the answer's own
        assert answer.text
        assert answer.exhausted

    def test_needs_a_checkpoint(self):
        """One sentence says which."""
        bench = Bench.set_up()
        with pytest.raises(errors.ModelError, match=r"checkpoint=craigwu/seal_vsm_7b"):
            SealVsm().detect(bench.whole, bench.target, bench.model)


class TestAnsweringModel:
    """V*'s answering model."""

    def test_writes_the_focus_prompt_as_trained(self):
        """Image, prefix, objects with their places, question; each turn as Vicuna has it."""
        pieces = format_conversation(working_memory_prompt("mug", "key"), str)
        text = "".join(piece if isinstance(piece, str) else "<view>" for piece in pieces)
        assert text.endswith(
            " USER: <view>\nAdditional visual information to focus on: "
            "mug <view> at location [0.200,0.320,0.400,0.440]; "
            "key <view> at location [0.200,0.320,0.400,0.440].\nWhere is it? ASSISTANT:"
        )
        assert text.startswith("A chat between a curious user and")

    def test_examples_are_turns(self):
        """What was asked and replied before ends as a reply ends."""
        (text,) = format_conversation(Prompt(("Q2",), examples=(("Q1", "A1"),)), str)
        assert str(text).endswith(" USER: Q1 ASSISTANT: A1</s>USER: Q2 ASSISTANT:")

    @pytest.mark.parametrize(
        ("layout", "tokens"),
        [("benchmark", [16, 5 + 16, 5 + 32, 5 + 15]), ("training", [16, 5 + 16, 16 + 10, 16 + 15])],
    )
    def test_image_and_objects_take_many_tokens_or_few(self, layout, tokens):
        """None, one, two and three objects; 16 and 5 here stand for 256 and 32."""
        opened = family(layout=layout).open()
        assert isinstance(opened, VqaModel)
        for objects, expected in enumerate(tokens):
            prompt = working_memory_prompt(*["mug"] * objects)
            texts = [p for p in format_conversation(prompt, str) if isinstance(p, str)]
            text = 1 + sum(len(opened.tokenizer.encode(piece)) for piece in texts)
            (reply,) = opened.generate([prompt], max_new_tokens=1)
            assert reply.usage.new_tokens == text + expected
            assert reply.usage.image_tokens == expected

    def test_scores_sentences_with_their_end(self, model):
        """By sentence as by hand: the mean over the reply's tokens, `</s>` among them."""
        prompt, choices = working_memory_prompt("mug"), ["red", "a blue mug"]
        (choice,) = model.choose([prompt], choices, by="sentence", end_token=True)
        for reply, score in zip(choices, choice.logits, strict=True):
            tokens = [*model._encode_choice(prompt, reply), model.tokenizer.token_id("</s>")]
            with torch.no_grad():
                state = model._prefill(prompt, Measured())
                logits, total = state.next_logits, 0.0
                for token in tokens:
                    total += float(logits[0].float().log_softmax(-1)[token])
                    following = torch.tensor([[token]])
                    network = model.language_model.network
                    out = network(following, **{cache_argument(network): state.cache})
                    logits = out.logits[:, -1]
            assert score == pytest.approx(total / len(tokens), abs=1e-4)

    def test_scores_sentences_without_their_end(self, model):
        """Unless asked for, `</s>` is not in the mean: one token's is then its own."""
        (choice,) = model.choose([LOCATE], ["red"], by="sentence")
        tokens = model._encode_choice(LOCATE, "red")
        with torch.no_grad():
            state = model._prefill(LOCATE, Measured())
        assert choice.logits[0] == model.language_model.mean_log_probability(state, tokens)

    def test_scores_first_tokens(self, model):
        """The logits of the next token, of those that the choices start with."""
        choices = ("red", "blue", "green")
        (choice,) = model.choose([LOCATE], choices)
        with torch.no_grad():
            after = model._prefill(LOCATE, Measured()).next_logits[0]
        firsts = [model._encode_choice(LOCATE, choice)[0] for choice in choices]
        assert choice.logits == pytest.approx(after[firsts].tolist(), abs=1e-4)

    def test_scores_choices_beside_a_reply(self, model):
        """In the pass that generates it, and the reply is the one without choices."""
        asked = attrs.evolve(LOCATE, choices=("A", "B"))
        before = model.passes
        (reply,), (plain,) = model.generate([asked]), model.generate([LOCATE])
        assert model.passes - before == 2
        (choice,) = model.choose([LOCATE], asked.choices)
        assert reply.choice_logits == pytest.approx(choice.logits, abs=1e-4)
        assert (reply.text, plain.choice_logits) == (plain.text, ())

    def test_counts_its_passes(self):
        """One for each prompt; by sentence, one for each choice."""
        opened = family().open()
        opened.generate([LOCATE, LOCATE], max_new_tokens=1)
        opened.choose([LOCATE], ["a", "b", "c"])
        opened.choose([LOCATE], ["a", "b", "c"], by="sentence")
        assert opened.passes == 2 + 1 + 3

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
    def test_a_forked_child_does_not_wait_for_the_parent(self, model):
        """Though a thread of the parent was in the middle of a pass."""
        with model._turn, warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
            if not (child := os.fork()):
                os._exit(0 if model._turn.acquire(blocking=False) else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    def test_usage_of_sentences(self, model):
        """The prompt is read once, and each reply with its end after it; MACs as if not shared."""
        (first,) = model.choose([LOCATE], ["red"])
        (both,) = model.choose([LOCATE], ["red", "a blue mug"], by="sentence", end_token=True)
        lengths = [len(model._encode_choice(LOCATE, reply)) for reply in ("red", "a blue mug")]
        prompt = first.usage.new_tokens
        assert both.usage.new_tokens == prompt + sum(lengths)
        assert both.usage.decoded_tokens == both.usage.reused_tokens == 0
        expected = sum(model.meter.formula(prompt + length) for length in lengths)
        assert both.usage.macs == pytest.approx(expected)

    def test_shows_no_map(self, model):
        """One sentence says which locator to take."""
        with pytest.raises(errors.ModelError, match="locator=seal-vsm"):
            model.forward([LOCATE])

    def test_answers_with_its_own_settings(self):
        """It takes its own targets and its own prompt."""
        assert family().settings()["seal"] == {"targets": "missing", "answer": "working-memory"}


class TestBadCheckpoints:
    """Files that somebody else wrote."""

    @pytest.fixture
    def folder(self, tmp_path) -> Path:
        """A copy that a test may damage."""
        return Path(shutil.copytree(vqa(), tmp_path / "copy"))

    def refused(self, folder: Path) -> str:
        """The error message of loading it, which is one line."""
        with pytest.raises(errors.ModelError) as raised:
            family(checkpoint=str(folder)).open()
        assert "\n" not in str(raised.value)
        return str(raised.value)

    def test_a_pickle_that_would_run_code_is_refused(self, folder):
        """Nothing of it is run."""

        class Trap:
            """Makes a file when it is unpickled."""

            def __reduce__(self):
                return Path.touch, (folder / "sprung",)

        with (folder / "pytorch_model-00001-of-00002.bin").open("wb") as file:
            pickle.dump({"model.norm.weight": Trap()}, file)
        assert "cannot be loaded" in self.refused(folder)
        assert not (folder / "sprung").exists()

    def test_nobody_has_a_home(self):
        """A folder in it is refused as any other that is not there."""
        assert "cannot be loaded" in self.refused(Path("~nobody-is-called-so/x"))

    def test_no_shard_lies_elsewhere(self, folder, tmp_path):
        """An index may name files of its own folder alone."""
        shard = "pytorch_model-00001-of-00002.bin"
        (folder / shard).rename(tmp_path / shard)
        index = folder / "pytorch_model.bin.index.json"
        index.write_text(index.read_text().replace(shard, f"../{shard}"))
        assert "no model that can be read" in self.refused(folder)

    @pytest.mark.parametrize(
        ("name", "text", "sentence"),
        [
            ("config.json", "{", "is not JSON"),
            ("config.json", "[]", "is not a JSON object"),
            ("config.json", None, "There is no config.json"),
            ("pytorch_model.bin.index.json", None, "holds no weights"),
            ("pytorch_model-00002-of-00002.bin", "x", "cannot be loaded"),
            ("tokenizer.model", None, "cannot be read: No such file"),
            ("added_tokens.json", "[1]", "is not a table of tokens"),
        ],
    )
    def test_says_what_is_wrong(self, folder, name, text, sentence):
        """One sentence, which names it."""
        if text is None:
            (folder / name).unlink()
        else:
            (folder / name).write_text(text)
        assert sentence in self.refused(folder)

    def test_missing_tensors_are_named(self, folder):
        """With how many there are."""
        shard = folder / "pytorch_model-00001-of-00002.bin"
        tensors = torch.load(shard, weights_only=True)
        gone = next(name for name in tensors if "self_attn" in name)
        del tensors[gone]
        torch.save(tensors, shard)
        assert f"lack 1 tensors, {gone!r} among them" in self.refused(folder)

    def test_the_other_model_is_named(self):
        """A search model is no answering model, nor the other way round."""
        assert "is it V*'s answering model?" in self.refused(vsm())
        with pytest.raises(errors.ModelError, match="is it V\\*'s search model"):
            search_model(checkpoint=str(vqa())).open()

    def test_a_name_that_nobody_has(self, monkeypatch):
        """Neither a folder nor on the hub."""
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        with pytest.raises(errors.ModelError, match="no model that can be read at 'no/such'"):
            family(checkpoint="no/such").open()

    @pytest.mark.parametrize("device", ["cuda", "abacus"])
    def test_devices_that_are_not_there(self, device):
        """One sentence."""
        with pytest.raises(errors.ModelError, match=r"device|GPU"):
            family(device=device).open()


class TestWholeMethod:
    """Both models together."""

    @pytest.mark.parametrize("size", [(1, 1), (600, 1), (700, 500)])
    def test_answers(self, model, size):
        """Any image, within a budget, with a box inside it."""
        image = Image.open(np.zeros((size[1], size[0], 3), np.uint8))
        text = f'seal-vsm(checkpoint="{vsm()}", vision_tower="{tower()}", dtype=float32)'
        spec = f"seal(targets=given(names=[mug, key]), locator={text}, high=0.99)"
        searcher = Registry.load().build(Searcher, spec)
        ledger = Ledger(Budget(12))
        answer = searcher.search(Question("What?", image), BudgetedModel(model, ledger))
        assert ledger.passes <= 13
        assert all(image.box.contains(f.box) for e in answer.evidence for f in e.findings)
        assert json.dumps(ledger.by_stage())
