"""The documentation's code blocks are run, written or left alone, by what their fence says."""

from __future__ import annotations

from textwrap import dedent

from sybil import Document

from tests.support.blocks import parse_blocks


def evaluate(text: str) -> Document:
    """Evaluate a page of this text."""
    document = Document(dedent(text), "page.md")
    for region in parse_blocks(document):
        document.add(region)
    for example in document:
        example.evaluate()
    return document


class TestParseBlocks:
    def test_blocks_share_a_namespace(self):
        """A block goes on from the one before, also when its fence has options or is indented."""
        page = evaluate(
            """
            ```python hl_lines="1"
            one = 1
            ```

            !!! note

                ```python
                two = one + 1
                ```

            ```pycon
            >>> two
            2
            ```
            """
        )

        assert page.namespace["two"] == 2

    def test_titled_block_is_a_file(self, tmp_path, monkeypatch):
        """A title names the file to write; the block does not run."""
        monkeypatch.chdir(tmp_path)

        evaluate('```python title="red/plugin.py"\n1 / 0\n```\n')

        assert (tmp_path / "red" / "plugin.py").read_text() == "1 / 0\n"

    def test_other_blocks_are_left_alone(self):
        """Quoted files and other languages are neither run nor written."""
        assert not list(evaluate('```python\n--8<-- "a.py"\n```\n```shell\n$ ls\n```\n'))
