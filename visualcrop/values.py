"""The values that stages pass on. Frozen, comparable, torch-free."""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import attrs
import numpy as np
import numpy.typing as npt

from .drawing import Illustrated, Layers
from .errors import GeometryError, ImageError, QuestionError, ResultError
from .geometry import Box, Grid
from .image import Image, ImageRef
from .protocol import LETTERS, PromptProtocol
from .utils.fields import instance_of, is_utf8, to_confidence, to_int, to_score, to_tuple, utf8_text

if TYPE_CHECKING:
    import PIL.Image
    from supervision import Detections

MOST_TEXT = 20_000  # characters of a question: what is read in it, pattern by pattern, is bounded
LONGEST_REPLY = 65_536  # tokens
_ROUNDING = 1e-3  # by which the sum of probabilities may differ from 1
Scores: TypeAlias = npt.NDArray[np.float32]
Decision: TypeAlias = Literal["", "not searched", "whole image", "search"]
DECISIONS = get_args(Decision)


def _findings(held: Sequence[Finding]) -> tuple[Finding, ...]:
    return to_tuple("findings", Finding, held)


def _evidence(held: Sequence[Evidence]) -> tuple[Evidence, ...]:
    return to_tuple("evidence", Evidence, held)


def _views(held: Sequence[View]) -> Sequence[View]:
    return held if isinstance(held, Views) else to_tuple("shown views", View, held)


def _image_ref() -> Any:
    """Field for the image that was asked about, which neither equality nor repr consider."""
    return attrs.field(default=None, kw_only=True, eq=False, repr=False)


def _open(ref: ImageRef | None, given: object, what: str) -> Image:
    """The image that is given, or else the one that is known."""
    if given is None and ref is None:
        raise ImageError(f"The image of this {what} is not known; give it, as in overlay(image).")
    return Image.open(given) if ref is None or given is not None else ref.open()


def _counts(held: Mapping[str, int]) -> Mapping[str, int]:
    if not (isinstance(held, Mapping) and all(isinstance(name, str) for name in held)):
        raise ResultError(f"An answer counts by {held!r}; give a dict of whole numbers by name.")
    return {name: to_int(count) for name, count in held.items()}


def _probabilities(held: Sequence[float]) -> tuple[float, ...]:
    checked: tuple[Any, ...] = to_tuple("probabilities", numbers.Real, held)
    found = tuple(map(float, checked))
    if found and not (all(each >= 0 for each in found) and abs(sum(found) - 1) < _ROUNDING):
        raise ResultError(
            f"The probabilities of an answer are {found}; give numbers from 0 that sum up to 1, or "
            "none."
        )
    return found


def _token_probabilities(held: Sequence[float]) -> tuple[float, ...]:
    checked: tuple[Any, ...] = to_tuple("token probabilities", numbers.Real, held)
    found = tuple(map(float, checked))
    if not all(0 <= each <= 1 for each in found):
        raise ResultError(
            f"The token probabilities of an answer are {found}; give numbers from 0 to 1, or none."
        )
    return found


def _gain(held: float | None) -> float | None:
    gain = None if held is None else to_score(held)
    if gain is not None and abs(gain) > 2 + _ROUNDING:
        raise ResultError(f"An evidence gain is {gain}; give a number from -2 to 2, or none.")
    return gain


def _boxes(held: Sequence[Box]) -> tuple[Box, ...]:
    return to_tuple("boxes", Box, held)


def _choice(held: int | None) -> int | None:
    index = None if held is None else to_int(held)
    if index is not None and index < 0:
        raise ResultError(f"The choice of an answer is {index}; give an index from 0, or none.")
    return index


def _texts(name: str, texts: Sequence[str]) -> tuple[str, ...]:
    """Texts as they are kept; a text alone is none, though it is a sequence of letters."""
    listed = isinstance(texts, Sequence) and not isinstance(texts, str)
    if not listed or not all(isinstance(text, str) for text in texts):
        raise QuestionError(
            f'The {name} are {texts!r}, which is no list of texts; give, say, ["red", "blue"].'
        )
    return tuple(texts)


def _choices(held: Sequence[str]) -> tuple[str, ...]:
    return _texts("choices", held)


def _sentences(held: Sequence[str]) -> tuple[str, ...]:
    return _texts("sentences", held)


def _context(held: Sequence[str | View]) -> tuple[str | View, ...]:
    if not isinstance(held, tuple | list):
        raise QuestionError(
            f"The context of a question is a {type(held).__name__}; give a list of texts and views."
        )
    for part in held:
        if not isinstance(part, str | View):
            raise QuestionError(
                f"The context of a question holds a part of type {type(part).__name__}; give "
                "texts, and pictures as View.whole(Image.open(...))."
            )
    return tuple(held)


def _check_reply_length(_: object, __: object, held: Any) -> None:
    if held is None:
        return
    if isinstance(held, bool) or not isinstance(held, int) or not 1 <= held <= LONGEST_REPLY:
        raise QuestionError(
            f"The longest reply to a question is {held!r} tokens; give a whole number from 1 to "
            f"{LONGEST_REPLY:,}, or none."
        )


@attrs.frozen
class Question:
    """A text about an image; with choices, one of them is the answer."""

    text: str  # without the choices
    image: Image = attrs.field(repr=False)  # what it is about
    choices: tuple[str, ...] = attrs.field(default=(), converter=_choices)  # none, or 2 to 26
    # how it is posed to the model, and how the reply is parsed
    protocol: PromptProtocol = attrs.field(default=PromptProtocol(), repr=False)
    # each choice as a full answer, such as "The mug is red."; none, or one for each choice
    sentences: tuple[str, ...] = attrs.field(default=(), converter=_sentences, kw_only=True)
    # what the model reads before the evidence when it answers, such as a system text, earlier turns
    # and other pictures; nothing of it is searched
    context: tuple[str | View, ...] = attrs.field(
        default=(), converter=_context, kw_only=True, repr=False
    )
    # tokens of the longest reply; none leaves it to the strategy
    max_new_tokens: int | None = attrs.field(
        default=None, validator=_check_reply_length, kw_only=True, repr=False
    )

    @classmethod
    def of(cls, text: str, image: Image, choices: Sequence[str] = ()) -> Question:
        """What a user asks; a dataset's choices may be equal or empty, a user's are a mistake."""
        question = cls(text, image, choices)
        stripped = [choice.strip() for choice in question.choices]
        if "" in stripped or len({*stripped}) < len(stripped):
            raise QuestionError(
                f"The choices are {[*question.choices]}; give each a text of its own."
            )
        return question

    @property
    def letters(self) -> str:
        """`ABC...`, one for each choice."""
        return LETTERS[: len(self.choices)]

    @property
    def asked(self) -> str:
        """What the model is asked, with the choices in letters."""
        return self.protocol.asked(self.text, self.choices)

    @property
    def needs_words(self) -> bool:
        """Whether only the model can answer: in its own words, after a context that may say how."""
        return bool(self.context) and not self.choices

    def __attrs_post_init__(self) -> None:
        if not (isinstance(self.text, str) and self.text.strip()):
            raise QuestionError("The question is empty; ask something about the image.")
        context = [part for part in self.context if isinstance(part, str)]
        texts = (self.text, *self.choices, *self.sentences, *context)
        if not all(map(is_utf8, texts)):
            raise QuestionError(
                "The question holds bytes that are no UTF-8 text; write it in another encoding."
            )
        if (length := sum(map(len, texts))) > MOST_TEXT:
            raise QuestionError(
                f"The question has {length:,} characters with its choices"
                f"{' and context' * bool(context)}, over the limit of {MOST_TEXT:,}; ask in fewer "
                "words."
            )
        if len(self.choices) == 1 or len(self.choices) > len(LETTERS):
            raise QuestionError(
                f"A question has no choices or 2 to {len(LETTERS)}, not {len(self.choices)}."
            )
        if self.sentences and len(self.sentences) != len(self.choices):
            raise QuestionError(
                f"A question with {len(self.choices)} choices has a sentence for each or none, not "
                f"{len(self.sentences)}."
            )


@attrs.frozen
class View:
    """The part of an image that the model is shown."""

    image: Image = attrs.field(repr=False, validator=instance_of(Image))  # the whole image
    box: Box = attrs.field(validator=instance_of(Box))  # the part, in pixels of the image

    @classmethod
    def whole(cls, image: Image) -> View:
        """All of the image."""
        return cls(image, image.box)

    @property
    def origin(self) -> tuple[int, int]:
        """Left and top of `picture`, in pixels of the image."""
        left, top, _, _ = self.box.whole_pixels()
        return max(0, left), max(0, top)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of `picture`, which is not cropped for it."""
        left, top, right, bottom = self.image.rectangle(self.box)
        return right - left, bottom - top

    @property
    def picture(self) -> PIL.Image.Image:
        """The part's pixels, at their full size; a copy, unless the part is the whole."""
        return self.image.crop(self.box)


class Views(Sequence[View]):
    """Views that hold no pixels: each is cropped on access."""


@attrs.frozen
class Target:
    """A thing to look for; with *every*, all things of that name."""

    text: str = attrs.field(validator=[instance_of(str), utf8_text])  # its name, such as "red mug"
    every: bool = attrs.field(default=False, converter=bool)  # all instances, not the best one

    @classmethod
    def of(cls, text: str, *, every: bool = False) -> Target:
        """What a user looks for: a name that says something, and is not endlessly long."""
        if not isinstance(text, str):
            raise QuestionError(
                f"The name of what to find is a {type(text).__name__}; give a text, such as "
                "red mug, and ask for each name by itself."
            )
        target = cls(text, every)
        if not text.strip() or len(text) > MOST_TEXT:
            raise QuestionError(
                f"The name of what to find has {len(text):,} characters; give one, such as red mug."
            )
        return target

    @property
    def singular(self) -> str:
        """Its name in a prompt about one of them: *red mug*, also where all red mugs are wanted."""
        from .utils.english import singularize  # which no start-up needs

        return singularize(self.text) if self.every else self.text


def _scores(scores: Any) -> Scores:
    if hasattr(scores, "detach"):  # a tensor, on whatever device
        scores = scores.detach().float().cpu().numpy()
    copy = np.array(scores, np.float32)
    copy.flags.writeable = False
    return copy


@attrs.frozen
class RelevanceMap(Illustrated):
    """
    One score for each cell of *grid*; higher means look here first.

    A notebook shows it as colour over the image: `answer.evidence[0].relevance`.
    """

    grid: Grid = attrs.field(validator=instance_of(Grid))  # in pixels of the image
    # rows x columns, float32, read-only; a tensor or a list is converted
    scores: Scores = attrs.field(converter=_scores, eq=lambda s: s.tobytes(), repr=False)
    base: int | None = None  # pixels on a side that the encoder sees at once
    _image: ImageRef | None = _image_ref()

    @property
    def image(self) -> Image:
        """The image that the map lies over: of each map that a relevance source makes, known."""
        return _open(self._image, None, "map")

    @property
    def has_image(self) -> bool:
        """Whether the image is known: of a map that was made by hand it is not."""
        return self._image is not None

    def crop(self, image: object = None) -> PIL.Image.Image:
        """The part of the image that the map covers."""
        return _open(self._image, image, "map").crop(self.grid.box)

    def centre_of_mass(self, box: Box) -> tuple[float, float]:
        """
        The place in *box* on which the scores there centre, in pixels of the image.

        Each cell whose centre is in the box weighs by how much it exceeds the lowest of them. Where
        all are alike, it is the centre of the box.
        """
        edges = np.array(self.grid.xs, np.float64), np.array(self.grid.ys, np.float64)
        xs, ys = ((at[:-1] + at[1:]) / 2 for at in edges)
        columns, rows = (box.left <= xs) & (xs <= box.right), (box.top <= ys) & (ys <= box.bottom)
        weights = self.scores[np.ix_(rows, columns)].astype(np.float64)
        weights -= weights.min(initial=np.inf)
        if not (total := weights.sum()):
            return box.centre
        return float(weights.sum(0) @ xs[columns] / total), float(weights.sum(1) @ ys[rows] / total)

    def with_image(self, ref: ImageRef) -> RelevanceMap:
        """The same map, over the image of *ref*."""
        return attrs.evolve(self, image=ref)

    def _layers(self, image: object = None) -> Layers:
        known = image is not None or self._image is not None
        return Layers(_open(self._image, image, "map") if known else None, self)

    def _caption(self) -> str:
        rows, columns = self.grid.shape
        return f"Relevance map of {rows} x {columns} cells over {self.grid.box}"

    def __attrs_post_init__(self) -> None:
        if self.scores.shape != self.grid.shape:
            raise GeometryError(
                f"The scores are {self.scores.shape}, but the grid is {self.grid.shape}."
            )
        if not np.isfinite(self.scores).all():
            raise GeometryError("A relevance map must hold finite scores only.")


@attrs.frozen
class Proposal:
    """A box worth a look."""

    box: Box = attrs.field(validator=instance_of(Box))  # in pixels of the image
    score: float = attrs.field(converter=to_score)  # only the order matters: higher comes first


@attrs.frozen
class Finding(Illustrated):
    """
    A box where the target may be. A notebook shows it on the image.

    ```python
    finding = answer.findings[0]
    finding.crop().save("mug.png")
    ```
    """

    target: Target = attrs.field(validator=instance_of(Target))  # what was looked for
    box: Box = attrs.field(validator=instance_of(Box))  # in pixels of the image
    relevance: float = attrs.field(default=0.0, converter=to_score)  # score of the proposal
    # from -1, surely absent, to 1, surely there; none if the model was not asked
    confidence: float | None = attrs.field(default=None, converter=to_confidence)
    _image: ImageRef | None = _image_ref()

    @property
    def probability(self) -> float:
        """That the box shows its target, from 0 to 1: even odds if the model was not asked."""
        return 0.5 if self.confidence is None else (1 + self.confidence) / 2

    def crop(self, image: object = None) -> PIL.Image.Image:
        """The pixels in the box, at their full size."""
        return _open(self._image, image, "finding").crop(self.box)

    def _layers(self, image: object = None) -> Layers:
        return Layers(_open(self._image, image, "finding"), None, [self.box], self._caption())

    def _caption(self) -> str:
        sure = "not checked" if self.confidence is None else f"confidence {self.confidence:.2f}"
        return f"{self.target.text}, {sure}, at {self.box}"


def _to_detections(findings: Sequence[Finding]) -> Detections:
    from .utils.detections import make_detections  # which no start-up needs

    checked = any(finding.confidence is not None for finding in findings)
    return make_detections(
        [attrs.astuple(finding.box) for finding in findings],
        [finding.probability for finding in findings] if checked or not findings else None,
        [finding.target.text for finding in findings],
    )


@attrs.frozen
class Point:
    """A place in an image where a target was found."""

    x: float  # pixels of the image from its left
    y: float  # from its top
    # from -1, surely absent, to 1, surely there; none if the model was not asked
    confidence: float | None = None


def _count_findings(findings: Sequence[Finding]) -> str:
    """As many as there are, in a few words: evidence is printed while a search runs."""
    checked = [each.confidence for each in findings if each.confidence is not None]
    surest = f", {len(checked)} checked, the surest {max(checked):.2f}" if checked else ""
    return f"<{len(findings)} boxes{surest}>"


@attrs.frozen
class Evidence(Illustrated):
    """What a search saw of one target. A notebook shows its map and boxes on the image."""

    target: Target = attrs.field(validator=instance_of(Target))  # what was looked for
    # boxes in the order in which they were checked
    findings: tuple[Finding, ...] = attrs.field(
        default=(), converter=_findings, repr=_count_findings
    )
    # the target's map; none if the search makes no maps
    relevance: RelevanceMap | None = attrs.field(
        default=None, repr=False, validator=attrs.validators.optional(instance_of(RelevanceMap))
    )
    # of what `VisualSearch.detect` found: the budget ran out, so that there may be more
    exhausted: bool = attrs.field(default=False, kw_only=True, repr=False)
    _image: ImageRef | None = _image_ref()

    @property
    def points(self) -> tuple[Point, ...]:
        """A place in each box, in their order: where the map centres; without a map, the middle."""
        return tuple(Point(*self._place(f.box), f.confidence) for f in self.findings)

    def _place(self, box: Box) -> tuple[float, float]:
        return box.centre if self.relevance is None else self.relevance.centre_of_mass(box)

    def to_supervision(self) -> Detections:
        """
        The boxes as `supervision.Detections`, which can be drawn, tracked and measured with it.

        Needs `pip install supervision`. Their confidence is a probability from 0 to 1, 0.5 for a
        box that was not checked; if none was, there is none. `data["class_name"]` has the targets.
        """
        return _to_detections(self.findings)

    def crop(self, image: object = None) -> PIL.Image.Image:
        """The pixels in the box of the highest confidence; unchecked, in the first box."""
        if not self.findings:
            raise ResultError(f"No box was found for {self.target.text!r}: there is no crop.")
        return self._findings_to_show()[0].crop(image)

    def _findings_to_show(self) -> list[Finding]:
        """The boxes that the model was asked about, the surest first; else the first box."""
        checked = [(f.confidence, f) for f in self.findings if f.confidence is not None]
        best_first = sorted(checked, key=lambda pair: pair[0], reverse=True)
        return [finding for _, finding in best_first] or [*self.findings[:1]]

    def _layers(self, image: object = None) -> Layers:
        opened = _open(self._image, image, "evidence")
        boxes = [finding.box for finding in self._findings_to_show()]
        return Layers(opened, self.relevance, boxes, self._caption())

    def _caption(self) -> str:
        return f"{self.target.text}: {len(self.findings)} boxes"

    def with_image(self, ref: ImageRef) -> Evidence:
        """The same evidence, whose parts can be drawn on the image of *ref*."""
        relevance = self.relevance
        return attrs.evolve(
            self,
            image=ref,
            findings=tuple(attrs.evolve(finding, image=ref) for finding in self.findings),
            relevance=None if relevance is None else relevance.with_image(ref),
        )


@attrs.frozen
class Audit:
    """
    Whether an answer rests on what was found: the same question, asked without it.

    Either *gain* and *rests* are known, or *reason* says why nothing was asked.
    """

    # margin of the answer's choice with what was found, less that without, from -2 to 2
    gain: float | None = attrs.field(default=None, converter=_gain)
    rests: bool | None = None  # whether the gain is large enough
    boxes: tuple[Box, ...] = attrs.field(default=(), converter=_boxes)  # shown in its place
    reason: str = attrs.field(default="", validator=instance_of(str))  # why there is no gain


@attrs.frozen
class Answer(Illustrated):
    """
    The answer to a question, with where the search looked. A notebook shows it on the image.

    ```python
    answer = search.ask("shelf.jpg", "What colour is the mug?", ["red", "green"])
    answer.text, answer.choice  # ("B", 1)
    answer.overlay().save("where.png")  # the image, the map of the mug, the boxes
    answer.crop().save("shown.png")  # what the model was shown for its answer
    ```
    """

    # the model's reply, without spaces around it; a letter, if the question has choices
    text: str = attrs.field(validator=instance_of(str))
    # index into the question's choices; none if the text names none of them: nothing is guessed
    choice: int | None = attrs.field(default=None, converter=_choice)
    # boxes that the answer rests on, in the searcher's order; empty if the whole image was asked
    findings: tuple[Finding, ...] = attrs.field(default=(), converter=_findings)
    # views in the answer's prompt, in its order, without those of the question's context; each is
    # cropped again on access
    shown: Sequence[View] = attrs.field(default=(), repr=False, converter=_views)
    # one entry for each target, with its map and every box that was checked
    evidence: tuple[Evidence, ...] = attrs.field(default=(), repr=False, converter=_evidence)
    exhausted: bool = False  # the budget ran out: this is the best so far
    # forward passes by stage, as in {"relevance": 1, "verification": 8, "answer": 1}
    passes: Mapping[str, int] = attrs.field(factory=dict, converter=_counts)
    # passes as the method's own paper counts them, by the name of the count
    counts: Mapping[str, int] = attrs.field(factory=dict, converter=_counts)
    untargeted: bool = False  # the search found no target: the whole image was asked
    # how a gate decided: nothing was searched, the whole image was believed, or the search was
    decision: Decision = attrs.field(
        default="", kw_only=True, validator=attrs.validators.in_(DECISIONS)
    )
    # of each choice, from the pass that answered, summing up to 1; empty if unknown. Batches round
    # differently, so that equality does not consider them.
    probabilities: tuple[float, ...] = attrs.field(
        default=(), converter=_probabilities, eq=False, kw_only=True
    )
    # of each token of a generated reply, and of the one that stopped it; empty if unknown
    token_probabilities: tuple[float, ...] = attrs.field(
        default=(), converter=_token_probabilities, eq=False, repr=False, kw_only=True
    )
    abstained: bool = attrs.field(default=False, kw_only=True)  # it says that it cannot tell
    # whether it rests on what was found; none if nobody asked. Batches round differently, too.
    audit: Audit | None = attrs.field(
        default=None,
        kw_only=True,
        eq=False,
        validator=attrs.validators.optional(instance_of(Audit)),
    )
    _image: ImageRef | None = _image_ref()

    @property
    def evidence_gain(self) -> float | None:
        """
        What the choice's margin over the next loses without what was found, from -2 to 2.

        None if the answer was not audited: see `audit.reason`.
        """
        return None if self.audit is None else self.audit.gain

    @property
    def confidence(self) -> float | None:
        """
        The probability of the choice that the answer names, from 0 to 1.

        That may be another than the likeliest one. None if the answer names no choice, or if the
        model gives no probabilities.
        """
        known = self.choice is not None and self.choice < len(self.probabilities)
        return self.probabilities[self.choice] if known and self.choice is not None else None

    @property
    def found(self) -> bool:
        """Whether the model itself believes that a target is where it looked."""
        return any((f.confidence or 0) > 0 for f in self.findings)

    @property
    def image(self) -> Image:
        """The image that was asked about; an `ImageError` if it is no longer there."""
        return _open(self._image, None, "answer")

    def to_supervision(self) -> Detections:
        """The boxes that the answer rests on: see `Evidence.to_supervision`."""
        return _to_detections(self.findings)

    def crop(self) -> PIL.Image.Image:
        """What the model was shown last for the answer: `shown[-1].picture`."""
        if not self.shown:
            raise ResultError("The answer does not say what the model was shown.")
        return self.shown[-1].picture

    def with_search(
        self,
        evidence: Sequence[Evidence] = (),
        *,
        findings: Sequence[Finding] | None = None,
        exhausted: bool = False,
        counts: Mapping[str, int] | None = None,
    ) -> Answer:
        """
        The same reply, with what the search saw before it.

        Args:
            evidence: Everything that was looked at, target by target.
            findings: The part of it that was shown for the answer; none keeps what is there.
            exhausted: Whether the budget ended the search early.
            counts: What the method's own paper counts, such as nodes of a tree, by name.
        """
        return attrs.evolve(
            self,
            evidence=tuple(evidence),
            findings=self.findings if findings is None else tuple(findings),
            exhausted=exhausted,
            counts=self.counts if counts is None else counts,
        )

    def with_image(self, ref: ImageRef) -> Answer:
        """The same answer, whose parts can be drawn on the image of *ref*."""
        return attrs.evolve(
            self,
            image=ref,
            findings=tuple(attrs.evolve(finding, image=ref) for finding in self.findings),
            evidence=tuple(evidence.with_image(ref) for evidence in self.evidence),
        )

    def _layers(self, image: object = None) -> Layers:
        opened = _open(self._image, image, "answer")
        only_map = self.evidence[0].relevance if len(self.evidence) == 1 else None
        return Layers(opened, only_map, [finding.box for finding in self.findings], self.text)

    def _caption(self) -> str:
        found = [finding._caption() for finding in self.findings]  # noqa: SLF001 - our own class
        sure = [] if self.confidence is None else [f"sure to {self.confidence:.2f}"]
        return "\n".join([self.text, *sure, *(found or ["asked of the whole image"])])
