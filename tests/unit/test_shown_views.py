"""An answer may be kept for long: it holds no decoded picture, and shows it all the same."""

from __future__ import annotations

import gc
import pickle
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from tests.support.refusals import refused
from visualcrop import Image, VisualSearch
from visualcrop.errors import ImageError
from visualcrop.plugin import Searcher
from visualcrop.searchers.direct import Direct
from visualcrop.searchers.focus import Focus
from visualcrop.testing import Scene, ToyModel

_QUESTION = "What colour is the mug?"


def _file(folder: Path) -> Path:
    Scene.draw(43).image.picture.save(folder / "scene.png")
    return folder / "scene.png"


def _alive() -> set[int]:
    """Pictures of the scene's size that somebody holds."""
    gc.collect()
    kept: Any = (o for o in gc.get_objects() if issubclass(type(o), PIL.Image.Image))
    return {id(picture) for picture in kept if picture.size == (1536, 1024)}


@pytest.mark.slow
class TestHolds:
    """Nothing of the picture."""

    @pytest.mark.parametrize(
        ("composer", "as_bytes"),
        [("crop", True), ("canvas", False), ("interleaved", True), ("text-boxes", False)],
    )
    def test_no_picture_of_what_was_asked(
        self, registry: Any, tmp_path: Path, composer: str, as_bytes: bool
    ) -> None:
        """Nor of the copy that boxes are drawn on; yet each view can be looked at."""
        path = _file(tmp_path)
        searcher = registry.build(Searcher, f"focus(answer={composer})")
        search = VisualSearch(ToyModel(), searcher)
        before = _alive()
        answer = search.ask(path.read_bytes() if as_bytes else str(path), _QUESTION)
        assert _alive() <= before
        image = Image.open(path)
        (wanted,) = [searcher.search(question, model).shown for question, model in [_asked(image)]]
        assert answer.shown == wanted
        assert [view.picture.size for view in answer.shown] == [v.picture.size for v in wanted]

    def test_an_image_of_ones_own_is_ones_own(self) -> None:
        """It is looked up while it is held; after that a sentence says what to do."""
        image = Image.open(Scene.draw(43).image.picture.copy())
        answer = VisualSearch(ToyModel(), Focus()).ask(image, _QUESTION)
        assert answer.shown[-1].image is image
        gone = weakref.ref(image)
        del image
        gc.collect()
        assert gone() is None
        assert "no longer there" in refused(ImageError, answer.shown.__getitem__, 0)

    def test_a_file_that_was_edited_is_not_shown(self, tmp_path: Path) -> None:
        """It is no longer what the model was shown, though it has the same size."""
        path = _file(tmp_path)
        answer = VisualSearch(ToyModel(), Direct()).ask(path, _QUESTION)
        PIL.Image.new("RGB", (1536, 1024), "navy").save(path)
        assert "another by now" in refused(ImageError, answer.shown.__getitem__, 0)

    def test_another_process_gets_the_views(self, tmp_path: Path) -> None:
        """An answer can be sent, with what was shown."""
        answer = VisualSearch(ToyModel(), Direct()).ask(_file(tmp_path), _QUESTION)
        again = pickle.loads(pickle.dumps(answer))
        assert (again.text, again.shown) == (answer.text, tuple(answer.shown))

    def test_an_array_is_read_again_while_it_lives(self) -> None:
        """As it is the caller's own."""
        pixels = np.array(Scene.draw(43).image.picture)
        answer = VisualSearch(ToyModel(), Direct()).ask(pixels, _QUESTION)
        assert answer.shown[0].picture.size == (1536, 1024)
        del pixels
        gc.collect()
        refused(ImageError, answer.shown.__getitem__, 0)

    def test_a_file_that_changed_is_not_shown_for_it(self, tmp_path: Path) -> None:
        """Another size is another picture."""
        path = _file(tmp_path)
        answer = VisualSearch(ToyModel(), Direct()).ask(path, _QUESTION)
        PIL.Image.new("RGB", (8, 8)).save(path)
        refused(ImageError, answer.shown.__getitem__, 0)


class TestViews:
    """What was shown reads as a tuple does."""

    def test_as_a_tuple(self, tmp_path: Path) -> None:
        """Length, places from either end, slices, equality, loops."""
        search = VisualSearch(ToyModel(), Focus())
        shown = search.ask(_file(tmp_path), _QUESTION).shown
        assert len(shown) == 1
        assert shown[0] == shown[-1] == next(iter(shown))
        assert shown[:1] == tuple(shown)
        assert shown == tuple(shown)
        assert shown == search.ask(tmp_path / "scene.png", _QUESTION).shown
        assert shown != ()
        with pytest.raises(IndexError):
            shown[1]


def _asked(image: Image) -> Any:
    from visualcrop import BudgetedModel, Ledger, Question

    return Question(_QUESTION, image), BudgetedModel(ToyModel(), Ledger())
