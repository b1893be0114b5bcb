"""The tokens that are scored are those of a reply in the template."""

from __future__ import annotations

import pytest

from tests.support.opened import about
from tests.support.real.readers import PLAIN, READERS, prompter
from visualcrop import Prompt

WORDS = ("Yes", "No", "yes", "no")
LETTERS = (*"ABCD", "(A)", "(B)", "A.", "B.")
SENTENCES = ("The mug is red.", "42", "It's a café ☕.", "(A) 红色")


def first_tokens(name: str, prompt: Prompt, replies: tuple[str, ...]) -> list[int]:
    prepared = prompter(name).tokenize(prompt)
    return [int(prompter(name).tokenize_reply(prepared, reply)[0, 0]) for reply in replies]


@pytest.mark.parametrize("name", READERS)
class TestReplies:
    """Of every vocabulary in every template."""

    def test_tokens_are_those_of_the_whole_turn(self, name: str) -> None:
        """An assistant's turn, rendered with its reply and cut whole, has them in its place."""
        processor = prompter(name).processor
        asked = {"role": "user", "content": [{"type": "text", "text": "Is it there?"}]}
        prepared = prompter(name).tokenize(Prompt(("Is it there?",)))
        for reply in (*WORDS, *LETTERS, *SENTENCES):
            said = {"role": "assistant", "content": [{"type": "text", "text": reply}]}
            whole = processor.apply_chat_template([asked, said])
            cut = processor.tokenizer(whole, return_offsets_mapping=True)
            start, stop = whole.rindex(reply), whole.rindex(reply) + len(reply)
            start -= whole[start - 1] == " "  # it belongs to the reply's first token, or is one
            both = zip(cut["input_ids"], cut["offset_mapping"], strict=True)
            wanted = [token for token, (first, end) in both if end > start and first < stop]
            assert prompter(name).tokenize_reply(prepared, reply)[0].tolist() == wanted

    def test_all_choices_can_be_told_apart(self, name: str) -> None:
        """Digits and ideographs too, before which LLaMA's tokenizer writes the space as a token."""
        for choices in (
            ("1", "2", "3"),
            ("是", "否"),
            ("(A)", "(B)"),
            ("Yes", "No"),
            ("Ja", "Nein"),
        ):
            prepared = prompter(name).tokenize(about("red mug"))
            forked, tokens = prompter(name).fork_at_replies(prepared, choices)
            assert len(set(tokens)) == len(choices)
            whole = prompter(name).tokenize_reply(prepared, choices[0])[0].tolist()
            shared = forked.length - prepared.length
            ids = forked.inputs["input_ids"][0].tolist()
            assert ids == prepared.inputs["input_ids"][0].tolist() + whole[:shared]
            assert whole[shared] == tokens[0]

    def test_words_and_letters_differ_in_their_first_tokens(self, name: str) -> None:
        """Or their logits would say nothing."""
        for prompt in (about("red mug"), Prompt(("Which one?",))):
            for replies in (("Yes", "No"), ("yes", "no"), tuple("ABCDEFGH")):
                assert len(set(first_tokens(name, prompt, replies))) == len(replies)

    @pytest.mark.parametrize("reply", ["\nYes", "\n\nYes", " Yes"])
    def test_white_space_before_a_reply_is_read(self, name: str, reply: str) -> None:
        """Though it could be one token with that at the end of the prompt, which stays as it is."""
        prepared = prompter(name).tokenize(Prompt(("Is it there?",)))
        asked = prepared.inputs["input_ids"][0].tolist()
        tokens = prompter(name).tokenize_reply(prepared, reply)[0].tolist()
        assert prompter(name).processor.tokenizer.decode(asked + tokens).endswith(reply)

    def test_the_first_token_is_a_word(self, name: str) -> None:
        """*Yes*, *No* and letters are tokens of their own, with a space where one is due."""
        tokenizer = prompter(name).processor.tokenizer
        replies = ("Yes", "No", "A", "B", "C", "D")
        tokens = first_tokens(name, about("red mug"), replies)
        due = "▁" if name.startswith("llava") and name != "llava-onevision" else ""
        assert tokenizer.convert_ids_to_tokens(tokens) == [due + reply for reply in replies]


def test_instructblip_replies_after_a_space() -> None:
    """Its text has no template; replies follow a space, as words of a sentence do."""
    tokens = first_tokens(PLAIN, about("red mug"), ("Yes", "No", "A", "B"))
    words = prompter(PLAIN).processor.tokenizer.convert_ids_to_tokens(tokens)
    assert words == ["▁Yes", "▁No", "▁A", "▁B"]
