"""Checks of what a prompt becomes: image tokens, the order of images, tokens of replies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

from ..errors import ModelError
from ..image import Image
from ..prompt import Prompt
from ..values import View
from .pictures import SIZES, SMALL, draw_blocks
from .plain import PlainPasses
from .subject import CIRCLE, Outcome, SkipCheck, Subject, about, fork_replies

_LABELS = ("red", "green", "blue")  # a word before each picture
_LETTERS = ("A", "B", "C", "D")
_REPORT = "report it with this report: the processor of this checkpoint differs from its family's"


def check_image_tokens(subject: Subject) -> Outcome:
    """Each image has as many placeholders as its layout counts, alone and beside another."""
    counts = dict(_count_tokens(subject))
    wrong = {name: pair for name, pair in counts.items() if pair[0] != pair[1]}
    figures = {name: {"placeholders": n, "layout": m} for name, (n, m) in counts.items()}
    if wrong:
        name, (placeholders, layout) = next(iter(wrong.items()))
        found = (
            f"of {len(counts)} prompts, {len(wrong)} have other image tokens than the layout "
            f"counts: {name} has {placeholders}, the layout {layout}"
        )
        return Outcome("fail", found, _REPORT, figures)
    alone = [n for name, (n, _) in counts.items() if "+" not in name]
    shown = " to ".join(map(str, sorted({min(alone), max(alone)})))
    found = f"{shown} for an image, as the layout counts ({len(alone)} sizes)"
    return Outcome("ok", found, figures=figures)


def _count_tokens(subject: Subject) -> Iterator[tuple[str, tuple[int, int]]]:
    """Placeholders and tokens of the layout, by the names of the images in a prompt."""
    if subject.quick:
        sizes = {name: size for name, size in SIZES.items() if name != "large"}
    else:
        sizes = SIZES
    for name, size in sizes.items():
        yield name, _count(subject, [draw_blocks(size)])
    if subject.plain is not None:
        both = [draw_blocks(SIZES["landscape"]), draw_blocks(SIZES["tiny"])]
        yield "landscape + tiny", _count(subject, both)


def _count(subject: Subject, images: Sequence[Image]) -> tuple[int, int]:
    """Tokens as the prompt has them, and as the layout counts them."""
    views = [View.whole(image) for image in images]
    prompt, plain = Prompt((*views, "What is this?")), subject.plain
    if plain is not None:
        tokenized = plain.model.prompt_processor.tokenize(prompt)
        layouts = [plain.model.layout(view, len(views)).tokens for view in views]
        return len(tokenized.placeholders), sum(layouts)
    sizes = [subject.model.encoded_size(view) for view in views]
    if None in sizes:
        raise SkipCheck("the model does not say how many tokens an image has")
    (choice,) = subject.choose([prompt])
    return choice.usage.image_tokens, sum(size.tokens for size in sizes if size is not None)


def check_order(subject: Subject) -> Outcome:
    """Three pictures with a word before each: the tokens come in the prompt's order."""
    if not subject.has_patches:
        raise SkipCheck("its image tokens precede the text, as in its training")
    views = [View.whole(draw_blocks(SMALL, seed)) for seed in range(3)]
    blanks = [f"{{{label}}}:" for label in _LABELS]
    parts = [part for pair in zip(blanks, views, strict=True) for part in pair]
    prompt = Prompt.fill(*parts, "Which is which?", **dict(zip(_LABELS, _LABELS, strict=True)))
    texts = _texts_before(subject.plain, prompt) if subject.plain else _order_seen(subject, prompt)
    wanted = [[label] for label in _LABELS]
    figures = {"labels_before_images": texts}
    if texts == wanted:
        return Outcome("ok", "three pictures with text between stay in their order", "", figures)
    shown = "; ".join(
        f"before image {n} stands {' and '.join(labels) or 'nothing'}"
        for n, labels in enumerate(texts, 1)
    )
    found = f"of three pictures with a label before each, {shown}: no label belongs to a picture"
    fix = (
        "set answer=crop, which shows one picture; the chat template moves images, and "
        "template=FILE takes another"
    )
    return Outcome("fail", found, fix, figures)


def _texts_before(plain: PlainPasses, prompt: Prompt) -> list[list[str]]:
    """The labels that stand between each image and the one before it, by decoding the tokens."""
    model, views = plain.model, prompt.views
    tokenized = model.prompt_processor.tokenize(prompt)
    ids = tokenized.inputs["input_ids"][0].tolist()
    counts = [model.layout(view, len(views)).tokens for view in views]
    ends = list(accumulate(counts))
    begin, texts = 0, []
    for count, end in zip(counts, ends, strict=True):
        first, last = (int(tokenized.placeholders[n]) for n in (end - count, end - 1))
        text = model.prompt_processor.processor.tokenizer.decode(ids[begin:first])
        texts.append([label for label in _LABELS if label in text])
        begin = last + 1
    return texts


def _order_seen(subject: Subject, prompt: Prompt) -> list[list[str]]:
    """As `_texts_before`, by the patches and spans that any model tells."""
    try:
        (seen,) = subject.model.forward([prompt])
    except ModelError as exc:
        raise SkipCheck(str(exc).rstrip(".")) from exc
    firsts = [int(patches.tokens.min()) for patches in seen.patches]
    bounds = list(zip([-1, *firsts], firsts, strict=False))
    return [
        [label for label in _LABELS if low < int(seen.spans[label].min()) < high]
        for low, high in bounds
    ]


def check_replies(subject: Subject) -> Outcome:
    """*Yes* and *No*, and the option letters, begin with tokens of their own."""
    processor = subject.processor
    if processor is None or not hasattr(processor, "tokenize_reply"):
        raise SkipCheck("the model does not tell its tokens")
    replies = ("Yes", "No", *_LETTERS)
    tokens = subject.reply_tokens(about(subject.first, CIRCLE), replies)
    ids = dict(zip(replies, tokens, strict=True))
    tokenizer = processor.processor.tokenizer
    pieces = {reply: tokenizer.convert_ids_to_tokens(found) for reply, found in ids.items()}
    figures = {"tokens": ids, "pieces": pieces}
    fix = "report it with this report: without tokens of their own they cannot be told apart"
    if empty := [reply for reply, found in ids.items() if not found]:
        return Outcome("fail", f"{empty[0]!r} has no token after the prompt", fix, figures)
    for group in (("Yes", "No"), _LETTERS):
        firsts = [own[:1] for own in fork_replies([ids[reply] for reply in group])[1]]
        if [] in firsts or len({*map(tuple, firsts)}) < len(group):
            found = f"{' and '.join(group)} do not begin with tokens of their own"
            return Outcome("fail", found, fix, figures)
    return _whole_words(subject, ids, pieces)


def _whole_words(
    subject: Subject, ids: dict[str, list[int]], pieces: dict[str, list[str]]
) -> Outcome:
    """Ok if each reply is one token, and the network does not begin with another form of it."""
    figures = {"tokens": ids, "pieces": pieces}
    split = [reply for reply in ("Yes", "No") if len(ids[reply]) > 1]
    if split:
        shown = "; ".join(f"{reply} is {'|'.join(pieces[reply])}" for reply in split)
        found = f"Yes, No and letters differ in their first token, but {shown}"
        return Outcome("note", found, "only the first piece is read as the reply", figures)
    shown = ", ".join(f"{reply} {ids[reply][0]}" for reply in ("Yes", "No"))
    return Outcome("ok", f"each is a token of its own: {shown}; letters, too", "", figures)


def other_form(subject: Subject, prompt: Prompt) -> str:
    """Another form of Yes or No that the network begins its reply with, such as ` yes`; or none."""
    logits = subject.next_logits(prompt)
    if logits is None:
        return ""
    top = int(logits.argmax())
    word = str(subject.processor.processor.tokenizer.decode([top]))
    read = {ids[0] for ids in subject.reply_tokens(prompt, ("Yes", "No"))}
    is_other = re.fullmatch(r"\W*(yes|no)\W*", word, re.IGNORECASE) and top not in read
    return word if is_other else ""
