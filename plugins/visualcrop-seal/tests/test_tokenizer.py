"""Text is encoded as LLaMA's slow tokenizer encodes it, with SEAL's special tokens."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.tiny.seal import ADDED, TEXT, processor, vsm
from visualcrop import errors
from visualcrop_seal.networks.tokenizer import SealTokenizer, load_sentencepiece

PIECES = {
    processor().id_to_piece(i): (processor().get_score(i), i) for i in range(len(processor()))
}
TOKENIZER = SealTokenizer.load(vsm())
PLAIN = st.text(alphabet="".join({*" ".join(TEXT), "ß", "\n"}), max_size=40)


def merge_greedily(text: str) -> list[int]:
    """Byte-pair encoding by definition: merge the best pair, the left one of equals, until none."""
    parts = list("▁" + text.replace(" ", "▁"))
    while True:
        pairs = [a + b for a, b in pairwise(parts)]
        known = [(-PIECES[pair][0], at) for at, pair in enumerate(pairs) if pair in PIECES]
        if not known:
            break
        _, at = min(known)
        parts[at : at + 2] = [pairs[at]]
    as_bytes = ([p] if p in PIECES else [f"<0x{b:02X}>" for b in p.encode()] for p in parts)
    return [PIECES[piece][1] for pieces in as_bytes for piece in pieces]


class TestSentencePiece:
    """The model file, read by SentencePiece itself."""

    @given(PLAIN.filter(bool))
    def test_encodes_as_llama_was_trained(self, text):
        """`▁` for each space and before the text, nothing normalised, bytes for the unknown."""
        assert TOKENIZER.encode(text) == merge_greedily(text)

    @pytest.mark.parametrize("data", [b"", b"\x0a", b"no model", b"\x0a\xff\xff", b"\xff" * 20])
    def test_refuses_other_files(self, tmp_path, data):
        """One sentence that names the file."""
        (tmp_path / "tokenizer.model").write_bytes(data)
        with pytest.raises(errors.ModelError, match=r"tokenizer.model' .*; download it again\."):
            load_sentencepiece(tmp_path / "tokenizer.model")


class TestSpecialTokens:
    """Tokens that were added to the vocabulary."""

    def test_special_tokens_are_whole(self):
        """White space beside one is dropped, and the text after it starts with `▁`."""
        ids = TOKENIZER.encode("USER: <im_start>")
        assert ids == [*TOKENIZER.encode("USER:"), TOKENIZER.token_id("<im_start>")]
        ids = TOKENIZER.encode("<im_end>\nPlease")
        assert ids == [TOKENIZER.token_id("<im_end>"), *TOKENIZER.encode("Please")]

    def test_each_piece_of_a_prompt_starts_with_a_space(self):
        """So a piece whose text starts with one has two."""
        assert processor().id_to_piece(TOKENIZER.encode(" at")[0]).startswith("▁")
        assert TOKENIZER.encode(" at") != TOKENIZER.encode("at")

    @pytest.mark.parametrize("token", [*ADDED, "<s>", "</s>"])
    def test_escaped_text_has_no_special_token(self, token):
        """A question may contain one's text, and it stays text."""
        ids = TOKENIZER.encode(TOKENIZER.escape(f"What is {token}?"))
        assert not set(ids) & set(TOKENIZER.special_tokens.values())

    def test_decodes_what_was_encoded(self):
        """Without the special tokens, and those that only pad the vocabulary of the weights."""
        text = "The red mug is on the table."
        ids = [1, *TOKENIZER.encode(text), TOKENIZER.token_id("[LOC]"), 10**6, 2]
        assert TOKENIZER.decode(ids) == text

    def test_names_a_missing_token(self):
        """One sentence."""
        with pytest.raises(errors.ModelError, match=r"has no \[SEG\]\.$"):
            TOKENIZER.token_id("[SEG]")
