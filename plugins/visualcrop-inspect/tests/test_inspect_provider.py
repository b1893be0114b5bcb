"""The model API: names, messages, refusals, and searches that are cancelled."""

from __future__ import annotations

import base64
import subprocess
import sys
import threading
from io import BytesIO
from typing import Any

import anyio
import anyio.to_thread
import attrs
import pytest
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    ContentAudio,
    ContentImage,
    ContentText,
    GenerateConfig,
    Model,
    ModelOutput,
    get_model,
)
from inspect_ai.tool import ToolInfo

from tests.support.refusals import is_one_sentence, refused
from visualcrop import Answer, BudgetedModel, Prompt, Question, View, VisualSearch
from visualcrop.errors import ImageError, QuestionError, SpecError
from visualcrop.plugin import Searcher, reply
from visualcrop.testing import Scene
from visualcrop_inspect.names import choose_searcher, join_spec, split_model_name
from visualcrop_inspect.provider import VisualcropAPI

pytestmark = pytest.mark.filterwarnings(  # how Inspect calls tenacity
    "ignore:The 'initial' parameter is deprecated:DeprecationWarning"
)

_MUG = "What colour is the mug?"


def _data_url() -> str:
    encoded = BytesIO()
    Scene.draw(43).image.picture.save(encoded, "PNG")
    return f"data:image/png;base64,{base64.b64encode(encoded.getvalue()).decode()}"


def _asked(text: str = _MUG, image: str | None = None) -> list[ChatMessage]:
    picture = ContentImage(image=image or _data_url())
    return [ChatMessageUser(content=[picture, ContentText(text=text)])]


def _generate(model: Model, messages: list[ChatMessage], **config: Any) -> ModelOutput:
    async def generate() -> ModelOutput:
        return await model.generate(messages, config=GenerateConfig(**config))

    return anyio.run(generate)


class TestNames:
    """`MODEL@SEARCHER`."""

    @pytest.mark.parametrize(
        ("name", "parts"),
        [
            ("tiny", ("tiny", None)),
            ("tiny@focus", ("tiny", "focus")),
            ("tiny@focus(steps=4, overrun=false)", ("tiny", "focus(steps=4, overrun=false)")),
            ("llava-hf/llava-1.5-7b-hf@direct", ("llava-hf/llava-1.5-7b-hf", "direct")),
            ('tiny@given(names=["a@b"])', ("tiny", 'given(names=["a@b"])')),
            ('auto(checkpoint="a@b")@focus', ('auto(checkpoint="a@b")', "focus")),
            ("toy(seed=1)", ("toy(seed=1)", None)),
        ],
    )
    def test_are_split(self, name: str, parts: tuple[str, str | None]) -> None:
        """At the first @ outside the model's options."""
        assert split_model_name(name) == parts

    @pytest.mark.parametrize("name", ["", "@focus", "tiny@", "toy(x=1)focus"])
    def test_name_something(self, name: str) -> None:
        """A model, and after an @ a searcher."""
        assert "write MODEL or MODEL@SEARCHER" in refused(SpecError, split_model_name, name)

    @pytest.mark.parametrize(
        ("argument", "spec"),
        [
            (None, None),
            ("focus", "focus"),
            (["focus(steps=4", " overrun=false)"], "focus(steps=4, overrun=false)"),
            (["focus(relevance=vv(layers=[8", 14, "])"], "focus(relevance=vv(layers=[8,14,])"),
        ],
    )
    def test_arguments_are_joined(self, argument: Any, spec: str | None) -> None:
        """Inspect's commands make a list of a text with commas."""
        assert join_spec(argument) == spec

    def test_a_searcher_is_given_once(self) -> None:
        """In the name or as an argument; `focus` without either."""
        assert choose_searcher(None, None) == "focus"
        assert choose_searcher("direct", None) == choose_searcher(None, "direct") == "direct"
        assert "give it once" in refused(SpecError, choose_searcher, "direct", "focus")

    def test_a_comma_in_a_models_name_is_explained(self) -> None:
        """`--model` splits there; `get_model` takes it."""
        assert get_model("visualcrop/toy@focus(steps=4, overrun=false)")
        with pytest.raises(PrerequisiteError, match="-M 'searcher=focus") as caught:
            get_model("visualcrop/toy@focus(steps=4")
        assert is_one_sentence(str(caught.value.message))

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ({"sercher": "focus"}, "takes no sercher; give searcher, passes, seconds or concurr"),
            ({"searcher": "fokus"}, "focus"),
            ({"passes": -1}, "budget"),
            ({"concurrency": 0}, "whole number"),
        ],
    )
    def test_wrong_arguments_are_refused(self, arguments: dict[str, Any], words: str) -> None:
        """In a sentence that Inspect prints as it is."""
        with pytest.raises(PrerequisiteError, match=words):
            get_model("visualcrop/toy", memoize=False, **arguments)

    def test_searchers_share_a_network(self) -> None:
        """It is loaded once, and their passes run together."""
        focus, direct = (get_model(f"visualcrop/toy@{name}").api for name in ("focus", "direct"))
        assert isinstance(focus, VisualcropAPI)
        assert isinstance(direct, VisualcropAPI)
        assert focus.search.model is direct.search.model
        assert focus.search.searcher != direct.search.searcher


class TestReplies:
    """What comes back."""

    def test_says_where_it_looked(self) -> None:
        """The reply is that of `ask`; the metadata has the boxes and the passes."""
        scene = Scene.draw(43)
        output = _generate(get_model("visualcrop/toy@focus"), _asked())
        answer = VisualSearch.open("toy", "focus").ask(scene.image, _MUG)
        assert output.completion == answer.text
        assert output.metadata is not None
        told = output.metadata["visualcrop"]
        assert told["passes"] == answer.passes
        assert [box["target"] for box in told["boxes"]] == [
            finding.target.text for finding in answer.findings
        ]
        assert told["image"] == [scene.image.width, scene.image.height]
        assert output.stop_reason == "stop"
        assert output.usage is not None

    def test_a_budget_holds(self) -> None:
        """For each search."""
        output = _generate(get_model("visualcrop/toy@focus", passes=3), _asked())
        assert output.metadata is not None
        told = output.metadata["visualcrop"]
        assert told["exhausted"]
        assert sum(told["passes"].values()) == 3 + 1  # the answer is outside

    def test_stop_sequences_cut(self) -> None:
        """At the first of them."""
        model = get_model("visualcrop/toy@focus")
        whole = _generate(model, _asked()).completion
        cut = _generate(model, _asked(), stop_seqs=["never there", whole[1:]])
        assert cut.completion == whole[:1]
        assert cut.stop_reason == "stop"

    def test_a_reply_may_be_cut_short(self) -> None:
        """By the most tokens that it may have."""
        model = get_model("visualcrop/tiny@direct")
        whole = _generate(model, _asked("Describe the image."))
        cut = _generate(model, _asked("Describe the image."), max_tokens=1)
        assert (whole.stop_reason, cut.stop_reason) == ("stop", "max_tokens")
        assert whole.completion.startswith(cut.completion)

    def test_a_conversation_is_read(self) -> None:
        """The last image is searched; a system text and earlier turns come before it."""
        messages: list[ChatMessage] = [
            ChatMessageSystem(content="Be brief."),
            *_asked("What is this?"),
            ChatMessageAssistant(content="A shelf."),
            ChatMessageUser(content=_MUG),
        ]
        output = _generate(get_model("visualcrop/toy@focus"), messages)
        assert output.metadata is not None
        assert output.metadata["visualcrop"]["boxes"][0]["target"] == "mug"


class TestRefusals:
    """What a search cannot do is said, not ignored."""

    @pytest.mark.parametrize(
        ("config", "words"),
        [
            ({"temperature": 0.7}, "set it to 0"),
            ({"num_choices": 3}, "num_choices"),
            ({"logprobs": True}, "logprobs"),
        ],
    )
    def test_settings(self, config: dict[str, Any], words: str) -> None:
        """Those that would change the reply."""
        with pytest.raises(QuestionError, match=words):
            _generate(get_model("visualcrop/toy@direct"), _asked(), **config)

    def test_settings_that_change_nothing_are_taken(self) -> None:
        """As harnesses send them."""
        model = get_model("visualcrop/toy@direct")
        assert _generate(model, _asked(), temperature=0.0, num_choices=1, seed=3).completion

    def test_tools(self) -> None:
        """A search calls none."""

        async def generate() -> None:
            api = get_model("visualcrop/toy@direct").api
            tool = ToolInfo(name="look", description="Look.")
            await api.generate(_asked(), [tool], "auto", GenerateConfig())

        with pytest.raises(QuestionError, match="calls no tools"):
            anyio.run(generate)

    @pytest.mark.parametrize(
        ("messages", "error", "words"),
        [
            ([ChatMessageUser(content=_MUG)], QuestionError, "has no picture"),
            (_asked(image="data:image/png;base64,AAAA"), ImageError, "."),
            (_asked(image="data:image/png;base64,A*"), ImageError, "base64"),
            (_asked(image="data:image/png,A"), ImageError, "not inline"),
            (_asked(image="/etc/hostname"), ImageError, "materialize_media"),
            (_asked(image="http://127.0.0.1/x.png"), ImageError, "materialize_media"),
            ([*_asked(), ChatMessageTool(content="x")], QuestionError, "without tools"),
            (
                [ChatMessageUser(content=[ContentAudio(audio="data:,", format="wav")])],
                QuestionError,
                "'audio'",
            ),
        ],
    )
    def test_messages(
        self, messages: list[ChatMessage], error: type[Exception], words: str
    ) -> None:
        """What is no text and no image that is inline: no file and no address is opened."""

        async def generate() -> None:
            api = get_model("visualcrop/toy@direct").api
            await api.generate(messages, [], "auto", GenerateConfig())

        with pytest.raises(error, match=words) as caught:
            anyio.run(generate)
        assert is_one_sentence(str(caught.value))


_PASSES: list[int] = []


@attrs.frozen
class Waiting(Searcher):
    """Runs passes for ever, and waits after the first one until it may go on."""

    name = "waiting"

    running = threading.Event()
    may_go_on = threading.Event()
    ended = threading.Event()

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        prompt = Prompt((View.whole(question.image), "Is there a mug?"))
        try:
            for number in range(1000):
                model.at("verification").forward([prompt])
                _PASSES.append(number)
                self.running.set()
                assert self.may_go_on.wait()
            return reply(question, prompt.views, model.at("answer"))
        finally:
            self.ended.set()


def test_a_cancelled_search_ends_at_its_next_pass() -> None:
    """Its thread ends by itself; nobody waits for it."""
    api = VisualcropAPI("toy@direct")
    api.search = attrs.evolve(api.search, searcher=Waiting())

    async def run() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(api.generate, _asked(), [], "none", GenerateConfig())
            assert await anyio.to_thread.run_sync(Waiting.running.wait, 250)
            tasks.cancel_scope.cancel()
        assert not Waiting.ended.is_set()  # and yet Inspect goes on
        Waiting.may_go_on.set()
        assert await anyio.to_thread.run_sync(Waiting.ended.wait, 250)

    anyio.run(run)
    assert _PASSES == [0]


def test_nothing_heavy_is_imported_at_start() -> None:
    """Inspect loads entry points at each of its starts: no torch, and nothing of visualcrop."""
    script = (
        "import sys, visualcrop_inspect; assert 'inspect_ai' not in sys.modules;"
        "import visualcrop_inspect.registry; from inspect_ai.model import get_model;"
        "heavy = {'torch', 'transformers', 'visualcrop', 'scipy'} & {*sys.modules};"
        "assert not heavy, heavy; get_model('mockllm/model');"
        "assert 'torch' not in sys.modules"
    )
    command = [sys.executable, "-c", script]
    subprocess.run(command, check=True)
