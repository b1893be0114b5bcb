"""A run goes on with the same model and the same pictures, or says that it did not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from safetensors.numpy import load_file, save_file

from tests.support import shipped
from tests.support.tiny.checkpoints import checkpoint
from visualcrop import Record, VisualcropError
from visualcrop.evaluation.evaluate import run_study
from visualcrop.evaluation.image_cache import SourceFingerprints
from visualcrop.evaluation.run_folder import Store
from visualcrop.evaluation.selection import Selection
from visualcrop.evaluation.study import Study
from visualcrop.models import checkpoint_fingerprint
from visualcrop.models.families.auto import Auto
from visualcrop.models.toy import Toy
from visualcrop.plugin import ImageSource


@pytest.fixture(name="copied")
def _copied(tmp_path: Path) -> Path:
    """A tiny random LLaVA that may be damaged."""
    return Path(shutil.copytree(checkpoint("llava"), tmp_path / "checkpoint"))


def _study(folder: Path, model: str = "toy") -> Study:
    return Study(f"folder(path={shipped.folder(folder / 'data')})", model, {"direct": "direct"})


def _repaint(folder: Path) -> None:
    """Every picture of the dataset is another, of the same size."""
    for path in (folder / "data").rglob("*.jpg"):
        with PIL.Image.open(path) as picture:
            grey = PIL.Image.new("RGB", picture.size, (9, 9, 9))
        grey.save(path)


class TestModel:
    """What a model's name stands for."""

    def test_other_weights_are_refused(self, tmp_path: Path, copied: Path) -> None:
        """Though they lie under the same path, and are as large; --force says that it went on."""
        study = _study(tmp_path, f"auto(checkpoint={copied})")
        run_study(study, tmp_path / "run", selection=Selection(limit=1))
        path = copied / "model.safetensors"
        weights = load_file(path)
        save_file({name: np.zeros_like(tensor) for name, tensor in weights.items()}, path)
        before = (tmp_path / "run" / "manifest.json").read_bytes()
        with pytest.raises(VisualcropError, match=r"another model: .* --force to go on"):
            run_study(study, tmp_path / "run")
        assert (tmp_path / "run" / "manifest.json").read_bytes() == before
        store = run_study(study, tmp_path / "run", forced=True)
        (change,) = store.manifest["changes"]
        assert change.startswith("Forced: what 'auto(checkpoint=")

    @pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "chat_template.jinja"])
    def test_covers_what_lies_beside_the_weights(self, copied: Path, name: str) -> None:
        """Config, tokenizer and template are the model's, too."""
        before = checkpoint_fingerprint(str(copied))
        assert before == Auto(checkpoint=str(copied)).fingerprint()
        with (copied / name).open("a") as file:
            file.write("\n")
        assert checkpoint_fingerprint(str(copied)) != before

    def test_covers_every_tensor(self, copied: Path) -> None:
        """One that is another changes it, whichever it is, for each is sampled."""
        path = copied / "model.safetensors"
        whole, weights = checkpoint_fingerprint(str(copied)), load_file(path)
        for name in [*weights][::5]:
            save_file({**weights, name: weights[name] + 1}, path)
            assert checkpoint_fingerprint(str(copied)) != whole
        save_file(weights, path)

    def test_reads_no_gigabytes(self, tmp_path: Path) -> None:
        """Of a file of 64 GB, which is a hole, some kilobytes are read."""
        with (tmp_path / "pytorch_model.bin").open("wb") as file:
            file.truncate(64 << 30)
        assert checkpoint_fingerprint(str(tmp_path))

    def test_survives_a_damaged_header(self, copied: Path) -> None:
        """Whoever loads it says what is wrong; the fingerprint is another."""
        before = checkpoint_fingerprint(str(copied))
        for damaged in (b"", b"\xff" * 64, b"\x10" + b"\0" * 7 + b'{"a": {"data_offsets": 3}}'):
            (copied / "model.safetensors").write_bytes(damaged)
            assert checkpoint_fingerprint(str(copied)) != before
        assert checkpoint_fingerprint(str(copied / "none")) == ""

    def test_models_without_weights_have_one(self) -> None:
        """It is that of their options."""
        assert Toy().fingerprint() == Toy().fingerprint() != Toy(local=True).fingerprint()

    def test_older_runs_go_on(self, tmp_path: Path) -> None:
        """They do not say which model it was, or what was shown."""
        study = _study(tmp_path)
        store = run_study(study, tmp_path / "run", selection=Selection(limit=1))
        told = store.manifest
        del told["fingerprint"]
        (store.folder / "manifest.json").write_text(json.dumps(told))
        _forget(store, "picture", "study", "alone")
        _repaint(tmp_path)
        run_study(study, tmp_path / "run")
        assert "fingerprint" not in store.manifest


def _forget(store: Store, *fields: str) -> None:
    """Leave *fields* out of each line, as older versions did."""
    path = store.shard_path((1, 1))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    kept = [{k: v for k, v in line.items() if k not in fields} for line in lines]
    path.write_text("".join(json.dumps(line) + "\n" for line in kept))


class TestPictures:
    """What was shown."""

    def test_other_pictures_are_refused(self, tmp_path: Path) -> None:
        """Of what was answered; --force keeps the answers, and says so once."""
        study = _study(tmp_path)
        run_study(study, tmp_path / "run", selection=Selection(limit=1))
        _repaint(tmp_path)
        with pytest.raises(VisualcropError, match=r"other pictures \(that of 'a' has changed"):
            run_study(study, tmp_path / "run")
        new: list[Record] = []
        store = run_study(study, tmp_path / "run", forced=True, watch=new.append)
        run_study(study, tmp_path / "run", forced=True)
        assert [record.id for record in new] == ["b"]
        assert len(store.manifest["changes"]) == 1
        assert "the picture of 'a' has changed" in store.manifest["changes"][0]

    def test_one_that_cannot_be_read_any_more_is_another(self, tmp_path: Path) -> None:
        """A folder in its place is no picture."""
        study = _study(tmp_path)
        run_study(study, tmp_path / "run", selection=Selection(limit=1))
        for path in (tmp_path / "data").rglob("*.jpg"):
            path.write_bytes(b"")
        with pytest.raises(VisualcropError, match="other pictures"):
            run_study(study, tmp_path / "run")

    def test_each_is_read_once(self) -> None:
        """Questions about one picture share its fingerprint; nothing is decoded."""
        source, pictures = _Counted([]), SourceFingerprints()
        assert len({pictures.fingerprint(source) for _ in range(3)}) == 1
        assert source.reads == [1]


class _Counted(ImageSource):
    """Bytes that are no picture, and how often they were read."""

    def __init__(self, reads: list[int]) -> None:
        self.reads = reads

    def read(self) -> bytes:
        self.reads.append(1)
        return b"no picture"
