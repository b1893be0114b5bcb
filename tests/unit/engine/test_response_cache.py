"""What was asked about an image is not asked again."""

from __future__ import annotations

import pytest

from visualcrop import (
    Budget,
    BudgetedModel,
    Capture,
    Ledger,
    Prompt,
    RepetitionStop,
    Sampling,
)
from visualcrop.interfaces import Searcher
from visualcrop.models import TextSpan
from visualcrop.models.engine.response_cache import ResponseCache
from visualcrop.plugin import Registry
from visualcrop.plugin.configure import configure
from visualcrop.testing import Bench, ToyModel

_SPECS = ("focus", "focus(steps=4)", "focus(proposals=anchors(s_max=7))", "direct")


def _search(spec: str, model: object, bench: Bench) -> tuple[object, Ledger]:
    searcher = configure(Registry.load(), Searcher, spec)
    ledger = Ledger(Budget())
    return searcher.search(bench.asked.question, BudgetedModel(model, ledger)), ledger  # type: ignore[arg-type]


class TestRecalling:
    """A model that remembers one image."""

    def test_answers_and_charges_are_equal(self) -> None:
        """Variants in turn get what each gets alone, and pay as much."""
        bench, shared = Bench.set_up(), ResponseCache(ToyModel())
        shared.set_image(bench.scene.image.digest)
        for spec in _SPECS:
            answer, ledger = _search(spec, shared, bench)
            alone, bill = _search(spec, ToyModel(), bench)
            assert answer == alone
            assert ledger.charges == bill.charges

    def test_nothing_is_run_twice(self) -> None:
        """The same search again costs no pass; one of fewer steps costs none either."""
        bench, shared = Bench.set_up(), ResponseCache(ToyModel())
        _search("focus", shared, bench)
        run = shared.passes
        assert run > 0
        _search("focus", shared, bench)
        _search("focus(steps=4)", shared, bench)
        assert shared.passes == run

    def test_what_is_kept_is_bounded(self) -> None:
        """With room for little, the answers and charges are the same, and more passes are run."""
        bench, little = Bench.set_up(), ResponseCache(ToyModel(), max_bytes=2000)
        for spec in (*_SPECS, *_SPECS):
            answer, ledger = _search(spec, little, bench)
            alone, bill = _search(spec, ToyModel(), bench)
            assert answer == alone
            assert ledger.charges == bill.charges
            assert little._cache.bytes <= 2000
        prompt = Prompt((bench.whole, "mug"), spans=(TextSpan("target", 1, 0, 3),))
        roomy = ResponseCache(ToyModel())
        (seen,) = roomy.forward([prompt], Capture(values=(0, 1)))
        assert roomy._cache.bytes >= sum(tensor.nbytes for tensor in seen.values.values()) > 0

    def test_one_prompt_twice_in_a_call(self) -> None:
        """It is run once, and both get the reply."""
        bench, shared = Bench.set_up(), ResponseCache(ToyModel())
        prompt = Prompt((bench.whole, "What colour is the mug?"))
        one, other = shared.generate([prompt, prompt])
        assert one == other
        assert shared.passes == 1

    def test_work_is_told_once(self) -> None:
        """Who asks later did no work, and is told the same; image tokens are charged to both."""
        bench, shared = Bench.set_up(), ResponseCache(ToyModel())
        prompt = Prompt((bench.whole, "mug"), spans=(TextSpan("target", 1, 0, 3),))
        (first,) = shared.forward([prompt], Capture(values=(1,)))
        (again,) = shared.forward([prompt], Capture(values=(1,)))
        assert first.usage.new_tokens > 0 == again.usage.new_tokens
        assert first.usage.image_tokens == again.usage.image_tokens > 0
        assert again.values[1] is first.values[1]

    @pytest.mark.parametrize(
        "other",
        [
            lambda m, p: m.generate([p], max_new_tokens=7),
            lambda m, p: m.choose([p], ("Yes", "No")),
            lambda m, p: m.choose([p], ("Yes", "No"), by="sentence"),
            lambda m, p: m.forward([p]),
            lambda m, p: m.forward([p], Capture(keys=(1,))),
            lambda m, p: m.generate([Prompt(p.parts, examples=(("a", "b"),))]),
            lambda m, p: m.generate([Prompt(p.parts, sampling=Sampling(seed=1))]),
            lambda m, p: m.generate([Prompt(p.parts, stop=RepetitionStop())]),
            lambda m, p: m.generate([Prompt((Bench.set_up(1).whole, p.text))]),
            lambda m, p: m.generate([Prompt((p.text, *p.views))]),
        ],
    )
    def test_another_question_is_run(self, other: object) -> None:
        """Whatever may change a reply tells questions apart."""
        shared = ResponseCache(ToyModel())
        prompt = Prompt((Bench.set_up().whole, "What colour is the mug?"))
        shared.generate([prompt])
        before = shared.passes
        other(shared, prompt)  # type: ignore[operator]
        assert shared.passes > before

    def test_forgets_an_image_for_the_next(self) -> None:
        """Memory does not grow with a dataset."""
        shared = ResponseCache(ToyModel())
        for seed in (0, 1, 0):
            bench = Bench.set_up(seed)
            shared.set_image(bench.scene.image.digest)
            assert not shared._cache
            _search("focus(steps=2)", shared, bench)
            assert shared._cache
