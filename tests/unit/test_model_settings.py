"""A model's settings reach a searcher wherever the two meet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import pytest

from tests.support.refusals import refused
from visualcrop import (
    Anchors,
    Answer,
    BudgetedModel,
    InContext,
    Model,
    ModelFamily,
    Question,
    VisualSearch,
    Vv,
)
from visualcrop.answer.canvas import Canvas
from visualcrop.answer.crop import Crop
from visualcrop.errors import PluginError, SpecError
from visualcrop.models import BatchingModel
from visualcrop.models.engine.response_cache import ResponseCache
from visualcrop.plugin import (
    AnswerComposer,
    ConditionalDefault,
    ProposalGenerator,
    Registry,
    RelevanceSource,
    Searcher,
    TargetExtractor,
    option,
    reply,
)
from visualcrop.plugin.configure import configure
from visualcrop.plugin.model_settings import apply_settings, resolve_settings
from visualcrop.searchers.direct import Direct
from visualcrop.searchers.focus import Focus
from visualcrop.targets.given import Given
from visualcrop.targets.rules import Rules
from visualcrop.testing import Scene, ToyModel

_STAGES = {"targets": "rules", "proposals.s_max": 3}


@attrs.frozen
class Theirs(Searcher):
    """A stranger's searcher, whose stages have names of their own."""

    name = "theirs"

    find: TargetExtractor = option(InContext(), help="what to look for")
    where: RelevanceSource | None = option(None, help="where to look, if anywhere")
    boxes: ProposalGenerator = option(Anchors(k=12, s_max=9), help="which boxes")
    steps: int = option(8, help="how many")

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        self.find.extract(question, model)
        return reply(question, [], model)


@attrs.frozen
class Around(Searcher):
    """A searcher around another."""

    name = "around"

    inner: Searcher = option(Focus(), help="whose answer is given")

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        return self.inner.search(question, model)


@attrs.frozen
class Family(ModelFamily):
    """A stranger's family, which knows nothing of how settings travel."""

    name = "family"

    def open(self) -> Model:
        return ToyModel()

    def settings(self) -> Mapping[str, object]:
        return {**_STAGES, "focus": {"steps": 4}}


class TestKinds:
    """Settings are said of kinds of stage, and of strategies by name."""

    def test_reach_any_searcher(self, registry: Registry) -> None:
        """Whatever it is called, and whatever its options are called."""
        made = apply_settings(registry, Theirs(), _STAGES)
        assert made == Theirs(find=Rules(), boxes=Anchors(k=12, s_max=3))
        focus = apply_settings(registry, Focus(), _STAGES)
        assert focus == Focus(targets=Rules(), proposals=Anchors(s_max=3))
        assert apply_settings(registry, Around(), _STAGES) == Around(inner=focus)
        assert apply_settings(registry, Direct(), _STAGES) == Direct()

    def test_fill_an_option_that_may_be_none(self, registry: Registry) -> None:
        """A stage that is left out is one that is left open."""
        made = apply_settings(
            registry, Theirs(), {"relevance": "vv(pool=3)", "relevance.sigma": 2.0}
        )
        assert made.where == Vv(pool=3, sigma=2.0)

    def test_reach_a_stage_alone(self, registry: Registry) -> None:
        """As `look` shows one."""
        assert apply_settings(registry, Vv(), {"relevance.layers": (1, 3)}) == Vv(layers=(1, 3))
        assert apply_settings(registry, Vv(), {"vv": {"pool": 1}, "relevance": "random"}) == Vv(
            pool=1
        )

    def test_the_nearest_wins(self, registry: Registry) -> None:
        """The path from the searcher's name, then the stage's own name, then its kind."""
        kind = {"proposals.s_max": 3}
        name = {**kind, "anchors": {"s_max": 4}}
        path = {**name, "focus": {"proposals.s_max": 5}}
        for settings, wanted in ((kind, 3), (name, 4), (path, 5)):
            assert apply_settings(registry, Focus(), settings).proposals == Anchors(s_max=wanted)
            assert apply_settings(registry, Theirs(), settings).boxes == Anchors(
                k=12, s_max=min(wanted, 4)
            )

    def test_may_have_exceptions(self, registry: Registry) -> None:
        """Which hang on the outermost strategy's options and on the dataset."""
        settings = {
            "proposals.k": ConditionalDefault(30, but=15, below=("steps", 4), on=("vstar",))
        }
        assert apply_settings(registry, Focus(steps=3), settings).proposals == Anchors(k=15)
        assert apply_settings(registry, Theirs(), settings).boxes == Anchors(k=30, s_max=9)
        assert apply_settings(registry, Theirs(), settings, "vstar").boxes == Anchors(k=15, s_max=9)

    def test_are_told(self, registry: Registry) -> None:
        """By the option that they filled; what was given is not among them."""
        given = registry.build(Searcher, "focus(targets=rules)")
        assert resolve_settings(registry, given, {**_STAGES, "focus": {"steps": 4}})[1] == {
            "proposals.s_max": 3,
            "steps": 4,
        }

    @pytest.mark.parametrize("settings", [{"proposals.s_max": "wide"}, {"focus": {"steps": 1.5}}])
    def test_that_do_not_fit_are_the_familys_fault(self, registry: Registry, settings: Any) -> None:
        """One sentence with the setting."""
        message = refused(PluginError, apply_settings, registry, Focus(), settings)
        assert message.startswith("The model's setting ")

    def test_no_dict_is_no_settings(self, registry: Registry) -> None:
        """Said, where a family returns something else."""
        settings: Any = ["targets"]
        assert "which is no dict" in refused(
            PluginError, apply_settings, registry, Focus(), settings
        )


class TestGiven:
    """What was given wins, however it was."""

    @pytest.mark.parametrize(
        ("spec", "targets", "s_max"),
        [
            ("focus", "rules", 3),
            ("focus(targets=in-context)", "in-context", 3),
            ("focus(proposals=anchors)", "rules", 3),
            ("focus(proposals=anchors(s_max=5))", "rules", 5),
            ('focus(proposals="anchors(s_max=5)")', "rules", 5),
        ],
    )
    def test_in_a_spec_even_as_by_default(
        self, registry: Registry, spec: str, targets: str, s_max: int
    ) -> None:
        """What a spec names is given; what it does not name is open, also within a stage."""
        made = apply_settings(registry, registry.build(Searcher, spec), _STAGES)
        assert isinstance(made, Focus)
        assert made.targets.name == targets
        assert made.proposals == Anchors(s_max=s_max)

    @pytest.mark.parametrize(
        ("spec", "innermost"),
        [
            ("focus(answer=count)", "otherwise"),
            ("focus(answer=count(otherwise=relate))", "otherwise.otherwise"),
        ],
    )
    def test_what_it_took_the_place_of_goes_within(
        self, registry: Registry, spec: str, innermost: str
    ) -> None:
        """A composer around another has the model's own one within, with its options."""
        settings = {"focus": {"answer": "canvas", "answer.cell": 224}}
        made, used = resolve_settings(registry, registry.build(Searcher, spec), settings)
        found: Any = made
        for name in ("answer", *innermost.split(".")):
            found = getattr(found, name)
        assert found == Canvas(cell=224)
        assert used == {f"answer.{innermost}": "canvas", f"answer.{innermost}.cell": 224}
        given = registry.build(Searcher, "focus(answer=count(otherwise=crop))")
        kept: Any = apply_settings(registry, given, settings)
        assert kept.answer.otherwise == Crop(cell=224)

    @pytest.mark.parametrize(
        ("spec", "settings", "expected"),
        [
            ("focus", {"answer": "count"}, "count(otherwise=crop)"),
            ("focus", {"answer": "count", "answer.otherwise": "relate"}, None),
            ("focus(answer=relate)", {"answer": "count"}, "relate(otherwise=count)"),
            ("focus(answer=count(otherwise=count))", {"answer": "canvas"}, None),
            ("focus(answer=count)", {"answer.otherwise": "count"}, "count(otherwise=count)"),
            (
                "focus(answer=count)",
                {"count": {"otherwise": "relate"}, "relate": {"otherwise": "count"}},
                "count(otherwise=relate(otherwise=count))",
            ),
        ],
    )
    def test_none_nests_within_itself(
        self, registry: Registry, spec: str, settings: Any, expected: str | None
    ) -> None:
        """A setting that names a part around another is used once, and not again within that."""
        built = registry.build(Searcher, spec)
        made: Any = apply_settings(registry, built, settings)
        last = made.answer
        while hasattr(last, "otherwise"):
            last = last.otherwise
        assert last.name == ("canvas" if settings == {"answer": "canvas"} else "crop")
        if expected:
            assert made.answer == registry.build(AnswerComposer, expected)
        around = {"searcher": "guarded", "relevance": "windows", "verification": "adaptive"}
        deeper: Any = apply_settings(registry, registry.build(Searcher, "guarded"), around)
        assert deeper.searcher.searcher.relevance.relevance.name == "vv"

    def test_in_python_where_it_is_not_the_default(self, registry: Registry) -> None:
        """Python does not tell an option that is left out from one that is set to its default."""
        mine = Focus(targets=Given(names=("mug",)), proposals=Anchors(s_max=7))
        assert apply_settings(registry, mine, _STAGES) == mine
        assert apply_settings(registry, Focus(targets=InContext()), _STAGES).targets == Rules()
        part = registry.build(TargetExtractor, "in-context")
        assert apply_settings(registry, Focus(targets=part), _STAGES).targets == Rules()

    def test_what_was_filled_was_not_given(self, registry: Registry) -> None:
        """A searcher that was fitted to one model is fitted anew to another."""
        searcher = registry.build(Searcher, "focus(steps=8)")
        one = apply_settings(registry, searcher, {**_STAGES, "focus": {"steps": 2}})
        other = apply_settings(registry, one, {"targets": "quoted", "proposals.s_max": 9})
        assert apply_settings(registry, one, _STAGES) == one
        assert (one.targets.name, other.targets.name) == ("rules", "quoted")  # type: ignore[attr-defined]
        assert other == apply_settings(
            registry, searcher, {"targets": "quoted", "proposals.s_max": 9}
        )
        assert one.steps == other.steps == 8  # type: ignore[attr-defined]

    def test_by_an_option_of_the_command_line(self, registry: Registry) -> None:
        """And it is remembered when the searcher meets its model."""
        options = [("proposals.s_max", 5), ("targets.limit", 8)]
        made = configure(registry, Searcher, "focus", options=options, settings=_STAGES)
        assert apply_settings(registry, made, _STAGES) == made
        assert made == Focus(targets=Rules(limit=8), proposals=Anchors(s_max=5))


class TestMeeting:
    """Settings come with the model."""

    def test_an_open_model_carries_them(self) -> None:
        """Whoever wrote the family, and whatever is put around the model."""
        model = Family().open()
        assert model.settings == Family().settings()
        assert BatchingModel(model).settings == ResponseCache(model).settings == model.settings
        assert ToyModel().settings == {}

    @pytest.mark.parametrize("built", [True, False])
    def test_a_looker_fits_them_together(self, registry: Registry, built: bool) -> None:
        """The pattern of the guide, with a searcher of a spec or of Python, or a stranger's."""
        searcher = registry.build(Searcher, "focus") if built else Focus()
        fitted = Focus(targets=Rules(), proposals=Anchors(s_max=3), steps=4)
        assert VisualSearch(Family().open(), searcher).searcher == fitted
        assert getattr(VisualSearch(Family().open(), Theirs()).searcher, "find") == Rules()  # noqa: B009 - theirs

    def test_with_another_searcher(self) -> None:
        """A spec, or a searcher, on the model that is loaded."""
        search = VisualSearch(Family().open(), Direct())
        other = search.with_searcher("focus(steps=3)", ["proposals.k=9"])
        assert other.model is search.model
        assert other.searcher == Focus(targets=Rules(), proposals=Anchors(k=9, s_max=3), steps=3)
        assert getattr(search.with_searcher(Theirs()).searcher, "find") == Rules()  # noqa: B009 - theirs
        refused(SpecError, search.with_searcher, Theirs(), ["steps=3"])
        refused(SpecError, search.with_searcher, 3)

    def test_what_is_no_model_is_refused(self) -> None:
        """A family that opens something else is named."""

        @attrs.frozen
        class Shut(Family):
            name = "shut"

            def open(self) -> Any:
                return "shut"

        assert "returned a str instead of a Model" in refused(PluginError, Shut().open)

    @pytest.mark.parametrize(
        "parts", [("toy", "direct"), (ToyModel(), "direct"), ("toy", Direct())]
    )
    def test_a_looker_takes_no_specs(self, parts: tuple[Any, Any]) -> None:
        """One sentence says what does."""
        message = refused(SpecError, VisualSearch, *parts)
        assert message.endswith("or write VisualSearch.open(model, searcher) with their specs.")

    def test_answers_as_opened(self) -> None:
        """The two ways to one searcher give one answer."""
        scene = Scene.draw(43)
        built = VisualSearch(ToyModel(local=True), Focus())
        opened = VisualSearch.open("toy(local=true)")
        assert built.searcher != opened.searcher  # nobody opened that model: it has no settings
        built = VisualSearch(opened.model, Focus())
        ways = [search.ask(scene.image, "What colour is the mug?") for search in (built, opened)]
        assert ways[0] == ways[1]
