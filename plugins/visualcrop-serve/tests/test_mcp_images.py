"""What a tool call may name as its picture, where the server has a folder of pictures."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from visualcrop_serve.errors import RequestError
from visualcrop_serve.mcp_images import picture_url
from visualcrop_serve.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A server with a folder that holds a picture, one without an ending, and a link outwards."""
    folder = tmp_path / "pictures"
    (folder / "shelf").mkdir(parents=True)
    for name in ("shelf/mug.png", "scan"):
        (folder / name).write_bytes(b"picture")
    (tmp_path / "secret").write_bytes(b"secret")
    (folder / "link").symlink_to(tmp_path)
    return Settings(images=folder)


def test_names_of_pictures_are_told_from_base64(settings: Settings) -> None:
    """A file of the folder is its URL, be its name ever so much like base64; the rest is data."""
    assert settings.images is not None
    for name in ("shelf/mug.png", "scan", "missing.png"):
        assert picture_url(name, settings) == (settings.images / name).as_uri()
    assert picture_url("c2Nhbg" * 6, settings).startswith("data:image/jpeg;base64,c2Nhbgc2")


@pytest.mark.parametrize(
    ("given", "nearest"),
    [("scam", "scan"), ("shelf/mgu.png", "shelf/mug.png"), ("shlef/mug.png", "shelf/mug.png")],
)
def test_a_misspelt_path_is_answered_with_the_nearest(
    settings: Settings, given: str, nearest: str
) -> None:
    """Whichever of its names is wrong."""
    with pytest.raises(RequestError, match=f"the nearest name is '{nearest}'"):
        picture_url(given, settings)


@pytest.mark.parametrize("length", [30, 190, 192, 1000, 3000, 5000])
def test_base64_of_any_length_is_data(settings: Settings, length: int) -> None:
    """Also where it is longer than a file's name may be, and has no slash."""
    encoded = base64.b64encode(b"i" * length).decode()
    assert picture_url(encoded, settings) == f"data:image/jpeg;base64,{encoded}"


def test_what_lies_outside_of_the_folder_cannot_be_told_from_nothing(settings: Settings) -> None:
    """By a whole path or by a link: a file that is there is answered as one that is not."""
    assert settings.images is not None
    outside = settings.images.parent
    for way, there, missing in (
        (f"{outside}/", "secret", "sekret"),
        ("link/", "secret", "sekret"),
        ("link/pictures/", "scan", "scam"),
    ):
        given = picture_url(f"{way}{there}", settings), picture_url(f"{way}{missing}", settings)
        assert given[1] == given[0].replace(there, missing)


def test_a_name_that_is_no_text_is_refused_in_a_sentence(settings: Settings) -> None:
    """Half of a surrogate pair is in no file's name."""
    with pytest.raises(RequestError, match="neither a URL nor base64"):
        picture_url("\ud800.png", settings)
