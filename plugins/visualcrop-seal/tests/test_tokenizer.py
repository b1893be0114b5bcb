"""Text is cut into tokens as LLaMA's SentencePiece model cuts it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.models.tiny.seal import ADDED, TEXT, pieces, sentence_piece, vsm
from visualcrop import errors
from visualcrop_seal.networks.pieces import parsed, read_pieces, tokenizer
from visualcrop_seal.networks.tokenizer import SealTokenizer

VOCABULARY = {piece: (number, score) for number, (piece, score, _) in enumerate(pieces())}
OURS = tokenizer(parsed(sentence_piece()))
TOKENIZER = SealTokenizer.load(vsm())
PLAIN = st.text(alphabet="".join({*" ".join(TEXT), "ß", "\n"}), max_size=40)


def joined(text: str) -> list[int]:
    """SentencePiece's own way: join the pair with the best score, the left one first."""
    parts = list("▁" + text.replace(" ", "▁"))
    while True:
        pairs = [a + b for a, b in pairwise(parts)]
        known = [(-VOCABULARY[p][1], at) for at, p in enumerate(pairs) if p in VOCABULARY]
        if not known:
            break
        _, at = min(known)
        parts[at : at + 2] = [pairs[at]]
    raw = (VOCABULARY.get(p) or [f"<0x{b:02X}>" for b in p.encode()] for p in parts)
    return [
        n for r in raw for n in ([r[0]] if isinstance(r, tuple) else [VOCABULARY[b][0] for b in r])
    ]


class TestPieces:
    """A SentencePiece model, read without SentencePiece."""

    def test_reads_every_piece(self):
        """Texts and scores, in their order; unknown fields are passed over."""
        assert parsed(sentence_piece()) == [(piece, score) for piece, score, _ in pieces()]

    @given(PLAIN.filter(bool))
    def test_joins_as_sentencepiece_does(self, text):
        """Best pair first, bytes for what is unknown."""
        assert OURS.encode(text, add_special_tokens=False).ids == joined(text)

    @pytest.mark.parametrize("data", [b"", b"\x0a", b"no model", b"\x0a\xff\xff", b"\xff" * 20])
    def test_refuses_what_is_none(self, tmp_path, data):
        """One sentence that names the file."""
        (tmp_path / "tokenizer.model").write_bytes(data)
        with pytest.raises(errors.ModelError, match=r"tokenizer.model' .*; download it again\."):
            read_pieces(tmp_path / "tokenizer.model")


class TestWords:
    """Pieces, and the tokens that were added to them."""

    def test_added_tokens_are_whole(self):
        """White space beside one goes, and the text after it begins anew."""
        ids = TOKENIZER.encode("USER: <im_start>")
        assert ids == [*TOKENIZER.encode("USER:"), TOKENIZER.token_id("<im_start>")]
        ids = TOKENIZER.encode("<im_end>\nPlease")
        assert ids == [TOKENIZER.token_id("<im_end>"), *TOKENIZER.encode("Please")]

    def test_each_piece_of_a_prompt_begins_with_a_space(self):
        """So a piece that begins with one has two."""
        assert TOKENIZER.processor.encode(" at", add_special_tokens=False).tokens[0].startswith("▁")
        assert TOKENIZER.encode(" at") != TOKENIZER.encode("at")

    @pytest.mark.parametrize("token", [*ADDED, "<s>", "</s>"])
    def test_no_word_steers(self, token):
        """A question may speak of a token, and it stays text."""
        ids = TOKENIZER.encode(TOKENIZER.escape(f"What is {token}?"))
        assert not set(ids) & set(TOKENIZER.special_tokens.values())

    def test_says_what_was_cut(self):
        """Back from tokens, the steering ones left out."""
        text = "The red mug is on the table."
        ids = [1, *TOKENIZER.encode(text), TOKENIZER.token_id("[LOC]"), 2]
        assert TOKENIZER.decode(ids) == text

    def test_names_a_token_that_is_not_there(self):
        """One sentence."""
        with pytest.raises(errors.ModelError, match=r"has no \[SEG\]\.$"):
            TOKENIZER.token_id("[SEG]")
