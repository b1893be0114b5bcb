"""Whether a checkpoint is on this machine, found without fetching anything."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from huggingface_hub import HfApi, constants
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

from visualcrop.models.checkpoints import availability
from visualcrop.models.checkpoints.availability import find_checkpoint

_COMMIT = "0" * 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint as far as it is looked at: a config, and weights in two shards."""
    root = tmp_path / "checkpoint"
    root.mkdir()
    (root / "config.json").write_text('{"model_type": "llava"}')
    (root / "model.safetensors.index.json").write_text(
        '{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}'
    )
    (root / "model-1.safetensors").write_bytes(bytes(1000))
    (root / "model-2.safetensors").write_bytes(bytes(24))
    return root


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache, empty, of a machine that is offline."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


@pytest.fixture
def online(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(availability, "is_hub_reachable", lambda: True)


def _download(folder: Path, cache: Path) -> Path:
    """What `from_pretrained` leaves in the cache."""
    repository = cache / "models--some--model"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(_COMMIT)
    return Path(shutil.copytree(folder, repository / "snapshots" / _COMMIT))


class TestHere:
    """A folder, or a name that was downloaded."""

    def test_folder_says_its_size_and_type(self, folder: Path) -> None:
        """The bytes of all files of weights."""
        found = find_checkpoint(str(folder))
        assert (found.where, found.bytes, found.model_type) == ("here", 1024, "llava")

    def test_downloaded_name(self, folder: Path, cache: Path) -> None:
        """It is found in the hub's cache, offline."""
        _download(folder, cache)
        found = find_checkpoint("some/model")
        assert (found.where, found.bytes) == ("here", 1024)

    @pytest.mark.parametrize(
        ("gone", "reason"),
        [
            ("config.json", "is no checkpoint, for it has no config.json"),
            ("model-2.safetensors", "some of its weights are missing, model-2.safetensors"),
        ],
    )
    def test_broken_folder_is_nowhere(self, gone: str, reason: str, folder: Path) -> None:
        """It says which file is missing."""
        (folder / gone).unlink()
        found = find_checkpoint(str(folder))
        assert found.where == "nowhere"
        assert reason in found.reason

    def test_folder_without_weights_is_nowhere(self, folder: Path) -> None:
        """A config alone opens no model."""
        for path in folder.glob("model*"):
            path.unlink()
        assert find_checkpoint(str(folder)).reason.endswith("has no weights.")

    def test_missing_folder_is_nowhere(self, tmp_path: Path) -> None:
        """The hub is not asked for what can only be a folder."""
        found = find_checkpoint(str(tmp_path / "none"))
        assert found.where == "nowhere"
        assert "There is no folder" in found.reason


@pytest.mark.usefixtures("cache")
class TestElsewhere:
    """A name that is not in the cache."""

    def test_offline_it_is_nowhere(self) -> None:
        """The setting is named."""
        assert find_checkpoint("some/model").reason.endswith("and HF_HUB_OFFLINE is set.")

    def test_without_a_network_it_is_nowhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It says that the hub does not answer."""
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(availability, "is_hub_reachable", lambda: False)
        assert find_checkpoint("some/model").reason.endswith("and the hub cannot be reached.")

    @pytest.mark.usefixtures("online")
    def test_half_a_download_is_fetched_again(
        self, folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The hub says how large it is: weights of one format, and nothing else."""
        (_download(folder, cache) / "model-2.safetensors").unlink()
        files = {"model-1.safetensors": 5, "model-2.safetensors": 6, "pytorch_model.bin": 11}
        listed = [SimpleNamespace(rfilename=n, size=s) for n, s in (files | {"a.txt": 1}).items()]
        info = SimpleNamespace(siblings=listed)
        monkeypatch.setattr(HfApi, "model_info", lambda *_, **__: info)
        found = find_checkpoint("some/model")
        assert (found.where, found.bytes) == ("hub", 11)

    @pytest.mark.usefixtures("online")
    @pytest.mark.parametrize(
        ("error", "reason"),
        [
            (GatedRepoError, "given on request: ask on its page"),
            (RepositoryNotFoundError, r"The hub does not give 'some/model' \(RepositoryNotFound"),
        ],
    )
    def test_what_the_hub_refuses_is_nowhere(
        self, error: type[HfHubHTTPError], reason: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It says why."""

        def refuse(*_: object, **__: object) -> None:
            response: Any = SimpleNamespace(headers={}, request=None)
            raise error("no", response=response)

        monkeypatch.setattr(HfApi, "model_info", refuse)
        found = find_checkpoint("some/model")
        assert found.where == "nowhere"
        assert re.search(reason, found.reason)
