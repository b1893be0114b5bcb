"""`visualcrop ask`."""

from __future__ import annotations

import json
from pathlib import Path

import PIL.Image
import pytest

from tests.support.running import Run
from visualcrop import Image, Reply
from visualcrop.testing import ToyModel

_COLOURS = ("-c", "green", "-c", "blue", "-c", "red")


class TestAsk:
    """One question about one image."""

    def test_finds_what_one_look_misses(self, run: Run, scene_file: Path) -> None:
        """FOCUS names the mug's colour, and says where it looked and what it cost."""
        printed = run("ask", scene_file, "What colour is the mug?").output
        assert printed.startswith("green\n")
        assert "for mug, confidence 1.00" in printed
        assert "11 passes (targets 1, relevance 1, verification 8, answer 1)" in printed

    def test_direct_cannot_see_it(self, run: Run, scene_file: Path) -> None:
        """The same model, asked directly, is unsure."""
        printed = run("ask", scene_file, "What colour is the mug?", "-s", "direct").output
        assert printed.startswith("unsure\n")

    def test_json_holds_the_evidence(self, run: Run, scene_file: Path) -> None:
        """The record has the answer, the boxes, the bill by stage and by convention, the specs."""
        told = json.loads(run("ask", scene_file, "A mug? Its colour?", *_COLOURS, "--json").stdout)
        assert told["choice"] == "green"
        assert told["found"] is True
        assert told["findings"][0]["confidence"] > 0.9
        assert told["counts"] == {"all": 12, "focus-paper": 9}  # the whole image is asked first
        assert told["decision"] == "search"
        assert told["searcher"].startswith("guarded(searcher=focus(targets=in-context(")

    def test_default_searcher(self, run: Run, scene_file: Path) -> None:
        """With choices it is guarded, which is said; without, or with -o, it is FOCUS."""
        asked = ("ask", scene_file, "What colour is the mug?")
        by_default = run(*asked, *_COLOURS)
        assert "asked with guarded, the default" in by_default.stderr
        for words in ((*asked,), (*asked, *_COLOURS, "-o", "steps=4"), (*asked, "-s", "focus")):
            assert "guarded" not in run(*words).stderr
            told = json.loads(run(*words, "--json").stdout)
            assert told["searcher"].startswith("focus(")

    def test_says_how_sure_it_is(self, run: Run, scene_file: Path) -> None:
        """In a line of its own, in JSON and on the page; an open question has no such line."""
        words = ("ask", scene_file, "What colour is the mug?")
        told = json.loads(run(*words, *_COLOURS, "--json").stdout)
        probabilities = told["probabilities"]
        assert told["confidence"] == probabilities["green"] == max(probabilities.values())
        page = scene_file.with_suffix(".html")
        printed = run(*words, *_COLOURS, "--page", page).output
        assert f"\n  sure of it to {told['confidence']:.2f}\n" in printed
        assert f", sure to {told['confidence']:.2f}</small>" in page.read_text("utf-8")
        assert "sure of it" not in run(*words).output
        assert json.loads(run(*words, "--json").stdout)["probabilities"] == {}

    @pytest.mark.parametrize(
        ("least", "words"),
        [
            ("0.1", "it rests on what was found: evidence gain"),
            ("1.99", "The answer does not rest on what was found. Evidence gain"),
        ],
    )
    def test_says_what_the_answer_rests_on(
        self, run: Run, scene_file: Path, least: str, words: str
    ) -> None:
        """By the least gain that is asked for; in JSON and on the page, too."""
        page = scene_file.with_suffix(".html")
        asked = ("ask", scene_file, "What colour is the mug?", *_COLOURS)
        spec = ("-s", f"audited(least_gain={least})")
        told = json.loads(run(*asked, *spec, "--json").stdout)
        assert told["rests_on_evidence"] is (told["evidence_gain"] >= float(least))
        printed = run(*asked, *spec, "--page", page).output
        assert f"  {words} {told['evidence_gain']:.2f}\n" in printed
        assert words.removeprefix("it ") in page.read_text("utf-8")

    def test_says_why_there_is_no_audit(self, run: Run, scene_file: Path) -> None:
        """Nothing was found; and an answer that abstains says that it cannot tell."""
        asked = ("ask", scene_file, "What colour is the mug?", *_COLOURS)
        direct = run(*asked, "-s", "audited(searcher=direct)").output
        assert "\n  not audited: nothing was found\n" in direct
        spec = ("-s", "audited(searcher=direct, abstain=true, least_margin=1)")
        assert run(*asked, *spec).output.startswith("cannot tell\n")
        told = json.loads(run(*asked, *spec, "--json").stdout)
        assert (told["abstained"], told["choice"], told["confidence"]) == (True, None, None)

    def test_options_reach_any_depth(self, run: Run, scene_file: Path) -> None:
        """Parts are swapped by name, and their options set by path."""
        words = ("-o", "relevance=attention", "-o", "relevance.layers=[2, 4]", "-o", "steps=2")
        told = json.loads(run("ask", scene_file, "Colour of the mug?", *words, "--json").stdout)
        assert "relevance=attention(layers=[2, 4]" in told["searcher"]
        assert told["passes"]["verification"] == 2

    def test_shows_how_far_it_is(
        self, run: Run, scene_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without a terminal in lines: the stage, its passes, and of how many if it knows."""
        monkeypatch.setattr("visualcrop.output.progress.SECONDS_BETWEEN_LINES", 0)
        words = ("ask", scene_file, "What colour is the mug?", "-s", "dc2(theta=0)")
        lines = run(*words).stderr.splitlines()
        assert lines[:2] == ["captions: pass 16 of 85", "objects: pass 16 of 85"]
        assert "captions: pass 85 of 85" in lines
        assert "answer: pass 1 of 1" in lines
        assert "pass" not in run(*words, "--json").stderr

    def test_a_budget_is_kept_and_said(self, run: Run, scene_file: Path) -> None:
        """With three passes the search stops, answers, and says that it was stopped."""
        words = ("ask", scene_file, "What colour is the mug?", "--budget", 3)
        told = json.loads(run(*words, "--json").stdout)
        assert told["exhausted"] is True
        assert sum(told["passes"].values()) == 4
        assert "the budget ran out" in run(*words).output

    def test_a_toml_file_is_a_spec(self, run: Run, scene_file: Path, tmp_path: Path) -> None:
        """What `explain --toml` prints can be asked with."""
        (tmp_path / "mine.toml").write_text(run("explain", "focus(steps=3)", "--toml").stdout)
        words = ("ask", scene_file, "What colour is the mug?", "-s", "mine.toml", "--json")
        assert "steps=3" in json.loads(run(*words).stdout)["searcher"]

    def test_what_the_model_says_cannot_steer_the_terminal(
        self, run: Run, scene_file: Path, monkeypatch
    ) -> None:
        """Escape sequences and markup in a reply are shown, not obeyed."""
        said = [Reply("\x1b[31m[bold]red\x07")]
        monkeypatch.setattr(ToyModel, "generate", lambda *_, **__: said)
        printed = run("ask", scene_file, "Why?", "-s", "direct").output
        assert printed.startswith(
            "\N{REPLACEMENT CHARACTER}[31m[bold]red\N{REPLACEMENT CHARACTER}\n"
        )

    def test_the_answer_is_told_before_anything_is_written(
        self, run: Run, scene_file: Path, tmp_path: Path
    ) -> None:
        """A path that turns out to be closed loses no answer."""
        (tmp_path / "file").touch()
        words = ("ask", scene_file, "What colour is the mug?", "--save-crop", "file/crop.png")
        done = run(*words)
        assert done.stdout.startswith("green\n")
        assert (done.exit_code, "cannot be written" in done.stderr) == (1, True)

    def test_an_absent_target_is_not_found(self, run: Run, scene_file: Path) -> None:
        """The model believes in no box, which a reader is told; what nobody checked is not."""
        question = "What colour is the unicorn?"
        told = "  not found: the answer may be a guess\n"
        rules = ("-o", "targets=rules")
        assert told in run("ask", scene_file, question, *rules).output
        assert told in run("ask", scene_file, question, *rules, "-o", "t_type1=0").output
        assert told not in run("ask", scene_file, question, "-s", "direct").output
        assert told not in run("ask", scene_file, "What colour is the mug?").output

    def test_a_search_without_a_target_says_so(
        self, run: Run, scene_file: Path, tmp_path: Path
    ) -> None:
        """On the terminal, in JSON and on a page; a search that looks for none has none to miss."""
        words = ("ask", scene_file, "What colour is the mug?", "-o", "targets=given")
        told = "no target was found: the whole image was asked"
        assert f"\n  {told}\n" in run(*words, "--page", "page.html").output
        assert told.capitalize() in (tmp_path / "page.html").read_text()
        assert json.loads(run(*words, "--json").stdout)["untargeted"] is True
        for other in ((), ("-s", "direct")):
            assert told not in run(*words[:3], *other, "--page", "page.html").output
            assert told.capitalize() not in (tmp_path / "page.html").read_text()

    def test_what_nobody_checked_is_told_so(self, run: Run, scene_file: Path) -> None:
        """No confidence is made up, and nothing counts as found."""
        words = ("ask", scene_file, "What colour is the mug?", "-o", "verification=unchecked")
        assert "for mug, not checked\n" in run(*words).output
        told = json.loads(run(*words, "--json").stdout)
        assert told["found"] is False
        assert told["findings"][0]["confidence"] is None

    def test_a_box_is_told_in_whole_pixels(self, run: Run, tmp_path: Path) -> None:
        """Those of the crop that was shown, which is never empty."""
        PIL.Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
        words = ("dot.png", "What colour is the mug?", "-o", "targets=rules")
        assert "looked at [0, 0, 1, 1] for mug" in run("ask", *words).output
        assert "Best place for mug: [0, 0, 1, 1]." in run("look", "dot.png", "mug").output

    def test_writes_the_crop_and_the_page(self, run: Run, scene_file: Path, tmp_path: Path) -> None:
        """The crop is an image smaller than the scene; the page holds everything it shows."""
        files = ("--save-crop", "out/crop.png", "--page", "out/page.html")
        done = run("ask", scene_file, "What colour is the <b>mug</b>?", *files)
        assert done.exit_code == 0
        assert Image.open(tmp_path / "out/crop.png").width < 400
        assert "\nThe page: out/page.html\n" in done.stdout
        page = (tmp_path / "out/page.html").read_text()
        assert "&lt;b&gt;mug" in page
        assert "<b>mug" not in page
        assert 'src="http' not in page
