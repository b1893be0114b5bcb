"""What a model ran by its own meter, against what was billed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import attrs

from ..prompt import Prompt
from ..utils.forking import in_child
from ..values import View
from .base import NOTHING, By, Capture, Choice, EncodedSize, Internals, Model, Reply

UNBILLED = "unbilled"  # the stage of passes that no stage was charged for
Ask: TypeAlias = Callable[[], Sequence[Any]]
Pay: TypeAlias = Callable[[str, int, Ask], Sequence[Any]]  # stage, passes, what runs them


@attrs.define(eq=False)
class Watch:
    """What one search let a model do without a bill."""

    model: str
    found: int = 0


@attrs.define(eq=False)
class _Tab:
    """A model in use: the count of its meter, and what was billed of it."""

    model: Model
    mark: int  # of the meter, when nothing was running last
    billed: int = 0  # since then
    running: int = 0
    watches: list[Watch] = attrs.field(factory=list)

    def settle(self) -> None:
        """Passes beyond those billed are put down to the search that began first."""
        count = self.model.passes
        extra = count - self.mark - self.billed
        if extra > 0:
            self.mark += extra
            if self.watches:
                self.watches[0].found += extra
        if not self.running:  # what failed or was remembered ran less than was billed
            self.mark, self.billed = count, 0


_tabs: dict[int, _Tab] = {}  # by identity of models in use: some cannot be hashed
_lock = threading.Lock()


def _unlock() -> None:
    """In a forked process no other thread is left that could."""
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()
    _tabs.clear()


in_child(_unlock)


def _tab(model: Model) -> _Tab:
    """Of what counts in the end: a wrapper's count is that of the model inside."""
    while isinstance(inside := getattr(model, "model", None), Model):
        model = inside
    tab = _tabs.get(id(model)) or _Tab(model, model.passes)
    tab.settle()
    _tabs[id(model)] = tab
    return tab


def _leave(tab: _Tab) -> None:
    if not tab.running and not tab.watches:
        _tabs.pop(id(tab.model), None)


@contextmanager
def _billed(model: Model, passes: int) -> Iterator[None]:
    """*passes* of *model* are paid for, and run now."""
    with _lock:
        tab = _tab(model)
        tab.running += 1
        tab.billed += passes
    try:
        yield
    finally:
        with _lock:
            tab.running -= 1
            tab.settle()
            _leave(tab)


@contextmanager
def repeated(model: Model) -> Iterator[None]:
    """What *model* runs before it fails here will be run again, and is billed once."""
    before = model.passes
    try:
        yield
    except BaseException:
        with _lock:
            tab = _tab(model)
            tab.billed += max(0, model.passes - before)
            _leave(tab)
        raise


class Lending:
    """Models that are lent to one search, and watched until it ends."""

    def __init__(self) -> None:
        self.term = 0  # what is lent in one ends with it
        self._open = 0
        self._watched: dict[int, tuple[_Tab, Watch]] = {}

    def begin(self) -> None:
        """Watch every model from here on, once it is lent."""
        with _lock:
            self._open += 1

    def watch(self, model: Model) -> None:
        """Note where *model*'s meter stands, if a search is on."""
        with _lock:
            if not self._open:
                return
            tab = _tab(model)
            if id(tab.model) not in self._watched:
                watch = Watch(model.id)
                tab.watches.append(watch)
                self._watched[id(tab.model)] = tab, watch

    def end(self) -> list[Watch]:
        """What was found of each model, if no other search is on."""
        with _lock:
            self._open -= 1
            if self._open:
                return []
            self.term += 1
            for tab, watch in self._watched.values():
                tab.settle()
                tab.watches.remove(watch)
                _leave(tab)
            found = [watch for _, watch in self._watched.values() if watch.found]
            self._watched.clear()
            return found


class Door(Model):
    """
    The only way to a model that is lent: each pass is paid for, by whatever name it is asked.

    Who asks it without a stage pays as `unbilled`. The model itself is no attribute of it.
    """

    def __init__(self, model: Model, ledger: object, pay: Pay) -> None:
        def run(stage: str, passes: int, name: str, *args: Any, **options: Any) -> Any:
            def ask() -> Any:
                with _billed(model, passes):
                    return getattr(model, name)(*args, **options)

            return pay(stage, passes, ask) if passes else ()

        def encoded_size(view: View) -> EncodedSize | None:
            return model.encoded_size(view)

        self.id, self.info, self.ledger = model.id, model.info, ledger
        self._run: Callable[..., Any] = run
        self._count: Callable[[], int] = lambda: model.passes
        self._scale: Callable[[View], EncodedSize | None] = encoded_size

    @property
    def passes(self) -> int:
        return self._count()

    def encoded_size(self, view: View) -> EncodedSize | None:
        return self._scale(view)

    def forward(
        self, prompts: Sequence[Prompt], capture: Capture = NOTHING, *, stage: str = UNBILLED
    ) -> Sequence[Internals]:
        outputs: Sequence[Internals] = self._run(stage, len(prompts), "forward", prompts, capture)
        return outputs

    def choose(
        self,
        prompts: Sequence[Prompt],
        choices: Sequence[str],
        *,
        by: By = "next-token",
        stage: str = UNBILLED,
    ) -> Sequence[Choice]:
        passes = len(prompts) * (len(choices) if by == "sentence" else 1)
        chosen: Sequence[Choice] = self._run(stage, passes, "choose", prompts, choices, by=by)
        return chosen

    def generate(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32, stage: str = UNBILLED
    ) -> Sequence[Reply]:
        most: dict[str, Any] = {"max_new_tokens": max_new_tokens}
        replies: Sequence[Reply] = self._run(stage, len(prompts), "generate", prompts, **most)
        return replies
