"""Right answers about small things, in a few lines of an application."""

from __future__ import annotations

import os
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from io import BytesIO
from typing import Any, TypeAlias

import attrs

from .budget import Budget, Charge, Ledger
from .errors import ImageError, PluginError, QuestionError, SpecError
from .geometry import Box
from .image import DrawnImage, Image
from .interfaces import Searcher
from .models.base import Model, ModelFamily
from .models.engine.wrappers import BatchingModel
from .plugin.configure import configure, read_model, read_option
from .plugin.model_settings import suited
from .plugin.registry import Registry
from .spec.parse import Value
from .values import Answer, Question, View, Views

MODEL = "VISUALCROP_MODEL"  # names the model that is asked where none is given
_EMBEDDED = ("tiny", "toy")  # those that need no weights from outside, the best first
OpenAgain: TypeAlias = Callable[[], Image]
_SMALL_PIXELS = 1 << 20  # of an image that is kept as it is


def default_model() -> str:
    """Spec of the model that is asked where none is given."""
    named = {entry.strategy.name for entry in Registry.load() if entry.strategy.kind == "model"}
    return os.environ.get(MODEL) or next(name for name in _EMBEDDED if name in named)


def family_of(model: str | None) -> ModelFamily:
    """What opens the model of a spec; without a spec, the one that is asked then."""
    registry = Registry.load()
    return registry.build(ModelFamily, read_model(registry, model or default_model()))


def _open(wanted: type[Any]) -> Any:
    """Validate that a field holds what specs only describe."""

    def check(_: object, field: attrs.Attribute[Any], held: object) -> None:
        if not isinstance(held, wanted):
            raise SpecError(
                f"The {field.name} of a Looker is {held!r}, which is no {wanted.__name__}; "
                "give one that is open, or write Looker.open(model, searcher) with their specs."
            )

    return check


@attrs.frozen
class VisualSearch:
    """
    A model and a way to search with it, ready for questions.

    `VisualSearch.open("toy", "focus(steps=4)").ask("shelf.jpg", "What colour is the mug?")`

    Whatever way the two came here, the model's settings fill what the searcher was not given.
    """

    model: Model = attrs.field(validator=_open(Model))
    searcher: Searcher = attrs.field(validator=_open(Searcher))

    def __attrs_post_init__(self) -> None:
        if self.model.settings:
            fitted = suited(Registry.load(), self.searcher, self.model.settings)
            object.__setattr__(self, "searcher", fitted)

    @classmethod
    def open(
        cls, model: str | None = None, searcher: str = "focus", options: Sequence[str] = ()
    ) -> VisualSearch:
        """
        Load a model by its spec, and build a searcher by its own.

        Without a model it is the one that $VISUALCROP_MODEL names, or one that comes along: `tiny`
        from the package visualcrop-tiny, or `toy`. Both know only a drawn world.

        Each option is `path=value`, as in `relevance.layers=[8, 14]`. The model's settings fill
        what the searcher's spec and the options leave open.
        """
        registry, family = Registry.load(), family_of(model)
        set_to = _read_options(options)
        method = configure(registry, Searcher, searcher, options=set_to, settings=family.settings())
        return cls(family.open(), method)

    def with_searcher(self, searcher: str | Searcher, options: Sequence[str] = ()) -> VisualSearch:
        """The same model, searched in another way, as `open` takes it; nothing is loaded again."""
        if isinstance(searcher, Searcher):
            if options:
                raise SpecError("Options are set in a spec; give the searcher as one, or none.")
            return attrs.evolve(self, searcher=searcher)
        set_to = _read_options(options)
        settings = self.model.settings
        method = configure(Registry.load(), Searcher, searcher, options=set_to, settings=settings)
        return attrs.evolve(self, searcher=method)

    def ask(
        self,
        image: object,
        question: str,
        choices: Sequence[str] = (),
        *,
        budget: Budget | None = None,
        ledger: Ledger | None = None,
    ) -> Answer:
        """
        Answer a question about a path, bytes, PIL image or array; *ledger* keeps the bill.

        The answer holds no decoded picture: what was shown is taken from the image again when it is
        looked at.
        """
        asked = Question.of(question, Image.open(image), choices)
        return without_pictures(self._search(asked, budget, ledger), asked.image, image)

    def answer(
        self, asked: Question, *, budget: Budget | None = None, ledger: Ledger | None = None
    ) -> Answer:
        """Answer a `Question`, put and read as its own protocol says."""
        return without_pictures(self._search(asked, budget, ledger), asked.image, asked.image)

    def _search(self, asked: Question, budget: Budget | None, ledger: Ledger | None) -> Answer:
        """The answer as the searcher gives it, with its bill."""
        if budget is not None and ledger is not None:
            raise SpecError("A ledger has a budget of its own; give Ledger(budget) alone.")
        ledger = ledger or Ledger(Budget() if budget is None else budget)
        try:
            return self.searcher.run(asked, self.model, ledger)
        except SystemExit as exc:
            raise PluginError(
                f"A strategy wanted to end the program (SystemExit: {exc}); mend its plug-in."
            ) from exc

    def ask_many(
        self, questions: Iterable[Asked], *, concurrency: int = 8, budget: Budget = Budget()
    ) -> list[Answer | Exception]:
        """
        Answer each question, so many at once: what waits at the same time is read together.

        A question is a `Question`, or what `ask` takes: an image and a text, and choices if there
        are any. They are taken as they are needed. The answers are in their order and are those of
        `ask`, as are their bills; *budget* is each question's own. Where a question cannot be asked
        or answered, the error stands in its place.
        """
        beside = attrs.evolve(self, model=BatchingModel(self.model))
        return ask_each(
            beside.answer, beside.ask, questions, concurrency=concurrency, budget=budget
        )


def _read_options(options: Sequence[str]) -> list[tuple[str, Value]]:
    if isinstance(options, str):
        raise SpecError(f"The options are a text; give a list of such, as in [{options!r}].")
    return [read_option(text) for text in options]


Asked: TypeAlias = Question | tuple[object, str] | tuple[object, str, Sequence[str]]
Outcome: TypeAlias = Answer | Exception
Ask: TypeAlias = Callable[..., Answer]


class _StoppedError(BaseException):
    """Ends a question whose asker was interrupted."""


def ask_each(
    answer: Ask, ask: Ask, questions: Iterable[Asked], *, concurrency: int, budget: Budget
) -> list[Outcome]:
    """*answer* each `Question`, and *ask* each other, in threads; the outcomes are in order."""
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
        raise SpecError(f"The concurrency is {concurrency!r}; give a whole number from 1 up.")
    Ledger(budget)  # refuses what is no budget before anything is asked
    if isinstance(questions, str | bytes) or not isinstance(questions, Iterable):
        raise QuestionError(
            f"The questions are {questions!r}; give a list of Question, or of (image, text)."
        )
    return [*_outcomes(partial(_outcome, answer, ask), questions, concurrency, budget)]


def _outcomes(
    outcome: Callable[[Any, Ledger], Outcome],
    questions: Iterable[Asked],
    concurrency: int,
    budget: Budget,
) -> Iterator[Outcome]:
    waiting: deque[Future[Outcome]] = deque()
    interrupted: list[bool] = []

    def watch(_: Charge) -> None:
        if interrupted:
            raise _StoppedError

    with ThreadPoolExecutor(concurrency) as pool:
        try:
            for question in _taken(questions):
                ledger = Ledger(budget, on_charge=watch)
                waiting.append(pool.submit(outcome, question, ledger))
                if len(waiting) > concurrency:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BaseException:
            interrupted.append(True)  # what runs ends before its next pass
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _taken(questions: Iterable[Asked]) -> Iterator[Asked | Exception]:
    """One by one; where the iterable itself fails, it is over, and its error is the last."""
    try:
        yield from questions
    except Exception as exc:  # noqa: BLE001 - whoever makes the questions; no answer is lost by it
        yield exc


def _outcome(answer: Ask, ask: Ask, asked: Any, ledger: Ledger) -> Outcome:
    try:
        if isinstance(asked, Exception):
            return asked
        if isinstance(asked, Question):
            return answer(asked, ledger=ledger)
        if isinstance(asked, tuple) and len(asked) in {2, 3}:
            return ask(*asked, ledger=ledger)
    except Exception as exc:  # noqa: BLE001 - it belongs to this question alone
        return exc
    return QuestionError(
        f"{asked!r} is no question; give a Question, or (image, text), or (image, text, choices)."
    )


@attrs.frozen(eq=False)
class ReopenedViews(Views):
    """Views whose images are opened again when looked at: an answer may be kept for long."""

    parts: tuple[tuple[OpenAgain, Box], ...] = attrs.field(repr=False)

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self)[index]
        reopen, box = self.parts[index]
        return View(reopen(), box)

    def __iter__(self) -> Iterator[View]:
        return (View(reopen(), box) for reopen, box in self.parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Views | tuple) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(box for _, box in self.parts))

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process gets the views themselves."""
        return tuple, ([*self],)


def without_pictures(answer: Answer, image: Image, source: object) -> Answer:
    """*answer* without decoded pictures: what it shows of *image* is opened again from *source*."""
    open_image = _reopen_source(image, source)
    parts = tuple((_reopen(view.image, image, open_image), view.box) for view in answer.shown)
    return attrs.evolve(answer, shown=ReopenedViews(parts))


def _reopen(shown: Image, asked: Image, open_image: OpenAgain) -> OpenAgain:
    if shown is asked:
        return open_image
    if isinstance(shown, DrawnImage) and shown.base is asked:
        return partial(_draw_again, shown.draw, open_image)
    if shown.width * shown.height <= _SMALL_PIXELS:
        return lambda: shown
    encoded = BytesIO()
    shown.picture.save(encoded, "PNG", compress_level=1)
    return partial(Image.open, encoded.getvalue())


def _draw_again(draw: Callable[[Image], Image], open_image: OpenAgain) -> Image:
    return draw(open_image())


def _reopen_source(image: Image, source: object) -> OpenAgain:
    """Opens the image again: itself while somebody holds it; else the file, bytes or array."""
    digest, held = image.digest, weakref.ref(image)
    if not isinstance(source, str | os.PathLike | bytes):
        try:
            source = weakref.ref(source)
        except TypeError:  # an open file, say: it cannot be read from its start again
            source = None
    del image

    def reopen() -> Image:
        given = source() if isinstance(source, weakref.ref) else source
        found = held() or (None if given is None else Image.open(given))
        if found is None or found.digest != digest:
            what = "no longer there" if found is None else "another by now"
            raise ImageError(
                f"The image that the answer was shown is {what}; hold what you ask about, "
                "as Image.open(...), for as long as you look at what was shown."
            )
        return found

    return reopen
