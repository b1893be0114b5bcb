"""Ask questions from an application: `VisualSearch`."""

from __future__ import annotations

import os
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from typing import Any, TypeAlias

import attrs

from .budget import Budget, Charge, Ledger
from .errors import ImageError, PluginError, QuestionError, SpecError
from .geometry import Box
from .image import DrawnImage, Image, ImageRef
from .interfaces import Searcher
from .models.base import Model, ModelFamily
from .models.engine.wrappers import BatchingModel
from .plugin.configure import configure, read_model, read_option
from .plugin.model_settings import apply_settings
from .plugin.registry import Registry
from .spec.parse import Value
from .values import Answer, Evidence, Point, Question, Target, View, Views

MODEL = "VISUALCROP_MODEL"  # environment variable: spec of the default model
_EMBEDDED = ("tiny", "toy")  # models that need no download, the best first
ImageLoader: TypeAlias = Callable[[], Image]
_MOST_HELD = 1 << 20  # pixels of a picture that stays decoded


def default_model(registry: Registry | None = None) -> str:
    """Spec of the default model: $VISUALCROP_MODEL, or the best that needs no download."""
    offered = Registry.load() if registry is None else registry
    named = {entry.strategy.name for entry in offered if entry.strategy.kind == "model"}
    return os.environ.get(MODEL) or next(name for name in _EMBEDDED if name in named)


def family_of(model: str | None, registry: Registry | None = None) -> ModelFamily:
    """The model family of a spec; of the default model without one."""
    registry = Registry.load() if registry is None else registry
    return registry.build(ModelFamily, read_model(registry, model or default_model(registry)))


def _open(wanted: type[Any]) -> Any:
    """Validate that a field holds an open object, not the spec of one."""

    def check(_: object, field: attrs.Attribute[Any], held: object) -> None:
        if not isinstance(held, wanted):
            raise SpecError(
                f"The {field.name} of a VisualSearch is {held!r}, which is no {wanted.__name__}; "
                "give one that is open, or write VisualSearch.open(model, searcher) with their "
                "specs."
            )

    return check


@attrs.frozen
class VisualSearch:
    """
    A model and a way to search with it, ready for questions.

    `VisualSearch.open("toy", "focus(steps=4)").ask("shelf.jpg", "What colour is the mug?")`

    The model's settings fill those of the searcher's options that were not given.
    """

    model: Model = attrs.field(validator=_open(Model))
    searcher: Searcher = attrs.field(validator=_open(Searcher))

    def __attrs_post_init__(self) -> None:
        if self.model.settings:
            fitted = apply_settings(Registry.load(), self.searcher, self.model.settings)
            object.__setattr__(self, "searcher", fitted)

    @classmethod
    def open(
        cls, model: str | None = None, searcher: str = "focus", options: Sequence[str] = ()
    ) -> VisualSearch:
        """
        Load a model by its spec, and build a searcher by its own.

        Without a model it is the one that $VISUALCROP_MODEL names, or one that comes along: `tiny`
        from the package visualcrop-tiny, or `toy`. Both know only drawn scenes.

        Each option is `path=value`, as in `relevance.layers=[8, 14]`. The model's settings fill
        what the searcher's spec and the options leave open.
        """
        registry = Registry.load()
        family = family_of(model, registry)
        set_to = _read_options(options)
        method = configure(registry, Searcher, searcher, options=set_to, settings=family.settings())
        return cls(family.open(), method)

    def with_searcher(self, searcher: str | Searcher, options: Sequence[str] = ()) -> VisualSearch:
        """The same loaded model with another searcher, given as in `open`."""
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

        The answer holds no decoded picture: views are cropped from the image again on access.
        """
        posed = Question.of(question, Image.open(image), choices)
        return release_pictures(self._search(posed, budget, ledger), posed.image, image)

    def answer(
        self, question: Question, *, budget: Budget | None = None, ledger: Ledger | None = None
    ) -> Answer:
        """Answer a `Question`, posed and parsed by its own protocol."""
        answer = self._search(question, budget, ledger)
        return release_pictures(answer, question.image, question.image)

    def detect(
        self,
        image: object,
        target: str,
        *,
        every: bool = True,
        budget: Budget | None = None,
        ledger: Ledger | None = None,
    ) -> Evidence:
        """
        Find a thing by its name, without a question: the map, and a box for each instance.

        The findings come with the surest first, each with its confidence; what the model does not
        believe to be there is left out. At the end of the budget they are those found until then,
        and the evidence is `exhausted`. A searcher that looks for no targets is a `SpecError`.

        Args:
            image: A path, bytes, PIL image or array.
            target: Its name, such as *red mug*; of several, such as *red mugs*.
            every: Find all instances: about 30 passes, one for each box of the map. Otherwise one
                at most, with the searcher's own steps.
            budget: Limits of the passes.
            ledger: Keeps the bill, and tells who watches.
        """
        opened, wanted = Image.open(image), Target.of(target, every=every)
        with _searching(budget, ledger) as on_ledger:
            found = self.searcher.run_detect(opened, wanted, self.model, on_ledger)
        return found.with_image(ImageRef(_make_reloader(opened, image)))

    def point(
        self,
        image: object,
        target: str,
        *,
        every: bool = True,
        budget: Budget | None = None,
        ledger: Ledger | None = None,
    ) -> tuple[Point, ...]:
        """Point at a thing: a place in each box that `detect` finds, in pixels of the image."""
        return self.detect(image, target, every=every, budget=budget, ledger=ledger).points

    def _search(self, question: Question, budget: Budget | None, ledger: Ledger | None) -> Answer:
        """The searcher's answer, with the passes that it was charged by stage."""
        with _searching(budget, ledger) as on_ledger:
            return self.searcher.run(question, self.model, on_ledger)

    def ask_many(
        self, questions: Iterable[QuestionLike], *, concurrency: int = 8, budget: Budget = Budget()
    ) -> list[Answer | Exception]:
        """
        Answer *concurrency* questions at once; prompts that wait together run as one batch.

        A question is a `Question`, or what `ask` takes: an image and a text, and choices if there
        are any. The iterable is read only as fast as questions are asked. Answers come in its order
        and equal those of `ask`, passes included; *budget* holds for each question by itself. Where
        a question fails, its error stands in its place.
        """
        batched = attrs.evolve(self, model=BatchingModel(self.model))
        return ask_each(
            batched.answer, batched.ask, questions, concurrency=concurrency, budget=budget
        )


@contextmanager
def _searching(budget: Budget | None, ledger: Ledger | None) -> Iterator[Ledger]:
    """The ledger of a search, in which no strategy may end the program."""
    if budget is not None and ledger is not None:
        raise SpecError("A ledger has a budget of its own; give Ledger(budget) alone.")
    try:
        yield ledger or Ledger(Budget() if budget is None else budget)
    except SystemExit as exc:
        raise PluginError(
            f"A strategy wanted to end the program (SystemExit: {exc}); mend its plug-in."
        ) from exc


def _read_options(options: Sequence[str]) -> list[tuple[str, Value]]:
    if isinstance(options, str):
        raise SpecError(f"The options are a text; give a list of such, as in [{options!r}].")
    return [read_option(text) for text in options]


QuestionLike: TypeAlias = Question | tuple[object, str] | tuple[object, str, Sequence[str]]
Outcome: TypeAlias = Answer | Exception
Ask: TypeAlias = Callable[..., Answer]


class _StoppedError(BaseException):
    """Ends a search after Ctrl-C in the thread that asked."""


def ask_each(
    answer: Ask, ask: Ask, questions: Iterable[QuestionLike], *, concurrency: int, budget: Budget
) -> list[Outcome]:
    """Outcomes in order: *answer* takes a `Question`, *ask* its parts; both run in threads."""
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
    questions: Iterable[QuestionLike],
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
            for question in _guard(questions):
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


def _guard(questions: Iterable[QuestionLike]) -> Iterator[QuestionLike | Exception]:
    """Each question; if the iterable itself raises, that error is the last item."""
    try:
        yield from questions
    except Exception as exc:  # noqa: BLE001 - whoever makes the questions; no answer is lost by it
        yield exc


def _outcome(answer: Ask, ask: Ask, question: Any, ledger: Ledger) -> Outcome:
    try:
        if isinstance(question, Exception):
            return question
        if isinstance(question, Question):
            return answer(question, ledger=ledger)
        if isinstance(question, tuple) and len(question) in {2, 3}:
            return ask(*question, ledger=ledger)
    except Exception as exc:  # noqa: BLE001 - it belongs to this question alone
        return exc
    return QuestionError(
        f"{question!r} is no question; give a Question, or (image, text), or (image, text, "
        "choices)."
    )


@attrs.frozen(eq=False)
class LazyViews(Views):
    """Views whose images are loaded when they are looked at."""

    parts: tuple[tuple[ImageLoader, Box], ...] = attrs.field(repr=False)

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self)[index]
        load_image, box = self.parts[index]
        return View(load_image(), box)

    def __iter__(self) -> Iterator[View]:
        return (View(load_image(), box) for load_image, box in self.parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Views | tuple) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(box for _, box in self.parts))

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process gets the views themselves."""
        return tuple, ([*self],)


def release_pictures(answer: Answer, image: Image, source: object) -> Answer:
    """*answer* with views of *image* that load it again, from there or from *source*."""
    reload = _make_reloader(image, source)
    parts = tuple((_make_loader(view.image, image, reload), view.box) for view in answer.shown)
    return attrs.evolve(answer, shown=LazyViews(parts)).with_image(ImageRef(reload))


def _make_loader(shown: Image, original: Image, reload: ImageLoader) -> ImageLoader:
    """How *shown* is made again: from the original, or as a PNG if it is another picture."""
    if shown is original:
        return reload
    if isinstance(shown, DrawnImage) and shown.base is original:
        return partial(_redraw, shown.draw, reload)
    if shown.width * shown.height <= _MOST_HELD:
        return lambda: shown
    encoded = BytesIO()
    shown.picture.save(encoded, "PNG", compress_level=1)
    return partial(Image.open, encoded.getvalue())


def _redraw(draw: Callable[[Image], Image], reload: ImageLoader) -> Image:
    return draw(reload())


def _make_reloader(image: Image, source: object) -> ImageLoader:
    """A loader that gives *image* itself while it is alive, and opens *source* after that."""
    key, held = image.key, weakref.ref(image)
    if not isinstance(source, str | os.PathLike | bytes):
        try:
            source = weakref.ref(source)
        except TypeError:  # an open file, say: it cannot be read from its start again
            source = None
    del image

    def load() -> Image:
        given = source() if isinstance(source, weakref.ref) else source
        found = held() or (None if given is None else Image.open(given))
        if found is None or found.key != key:
            what = "no longer there" if found is None else "another by now"
            raise ImageError(
                f"The image that the answer was shown is {what}; hold what you ask about, "
                "as Image.open(...), for as long as you look at what was shown."
            )
        return found

    return load
