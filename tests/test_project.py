"""What packages declare about themselves, and the files that a hosted project is run by."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

_ROOT = Path(__file__).parent.parent
_GITHUB = _ROOT / ".github"
_PLUGINS = sorted(path.parent for path in _ROOT.glob("plugins/*/pyproject.toml"))
_PACKAGES = [_ROOT, *_PLUGINS]
_TEMPLATE = _ROOT / "visualcrop" / "cli" / "templates" / "pyproject.toml.txt"
_BOUNDS = re.compile(r'"visualcrop(>=[^"]+)"')

by_name = pytest.mark.parametrize("folder", _PACKAGES, ids=lambda folder: folder.name)
by_workflow = pytest.mark.parametrize(
    "path", sorted(_GITHUB.glob("workflows/*.yml")), ids=lambda path: path.stem
)


def _project(folder: Path) -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    return table


def _yaml(path: Path) -> dict[Any, Any]:
    content: dict[Any, Any] = yaml.safe_load(path.read_text("utf-8"))
    return content


def _requirements(folder: Path) -> list[Requirement]:
    return [Requirement(line) for line in _project(folder)["dependencies"]]


class TestPackages:
    """The core and every plug-in of this repository."""

    @by_name
    def test_share_version_licence_and_authors(self, folder: Path) -> None:
        """They are released together, under one licence, by the same people."""
        core, project = _project(_ROOT), _project(folder)
        for key in ("version", "license", "authors", "requires-python"):
            assert project[key] == core[key], key

    @by_name
    def test_say_where_to_read_more(self, folder: Path) -> None:
        """Each links to the paper of what it implements or serves; no link is a placeholder."""
        urls = _project(folder)["urls"]
        assert "Paper" in urls
        for url in urls.values():
            assert url.startswith("https://")
            assert "example" not in url

    @pytest.mark.parametrize("folder", _PLUGINS, ids=lambda folder: folder.name)
    def test_plugins_need_this_minor_version(self, folder: Path) -> None:
        """Before 1.0 a minor version may break plug-ins: each names the one it was tested with."""
        (core,) = (needed for needed in _requirements(folder) if needed.name == "visualcrop")
        version = Version(_project(_ROOT)["version"])
        assert version in core.specifier
        assert f"{version.major}.{version.minor + 1}.0" not in core.specifier
        assert f"{version.major}.{version.minor}.0" in core.specifier

    def test_the_template_has_the_same_bounds(self) -> None:
        """`plugins new` writes the bounds that our own plug-ins have."""
        texts = [_TEMPLATE, *(folder / "pyproject.toml" for folder in _PLUGINS)]
        assert len({_BOUNDS.search(path.read_text("utf-8"))[1] for path in texts}) == 1  # type: ignore[index]

    @by_name
    def test_are_typed(self, folder: Path) -> None:
        """
        Every package tells type checkers to read its annotations.

        PEP 561 has no such mark for a distribution of one module, as visualcrop-attention is: there
        type checkers need the source on their path.
        """
        packages = [path.parent for path in folder.glob("visualcrop*/__init__.py")]
        assert packages or list(folder.glob("visualcrop_*.py"))
        for package in packages:
            assert (package / "py.typed").read_bytes() == b""

    def test_oldest_versions_are_the_floors(self) -> None:
        """`constraints-min.txt` pins exactly what the packages give as the oldest."""
        lines = (_ROOT / "constraints-min.txt").read_text("utf-8").splitlines()
        pinned = [Requirement(text) for line in lines if (text := line.partition("#")[0].strip())]
        oldest = {need.name: str(need.specifier).removeprefix("==") for need in pinned}
        optional = Requirement(_project(_ROOT)["optional-dependencies"]["eval"][0])
        for need in (optional, *(need for folder in _PACKAGES for need in _requirements(folder))):
            floors = [one.version for one in need.specifier if one.operator == ">="]
            if floors and need.name != "visualcrop":
                assert floors == [oldest[need.name]], need

    def test_the_citation_is_of_this_version(self) -> None:
        """CITATION.cff names the version and licence of the package, and the paper as well."""
        citation, project = _yaml(_ROOT / "CITATION.cff"), _project(_ROOT)
        assert (citation["version"], citation["license"]) == (
            project["version"],
            project["license"],
        )
        assert citation["authors"] == project["authors"]
        assert citation["preferred-citation"]["title"].startswith("FOCUS")
        assert len(citation["preferred-citation"]["authors"]) == 7


class TestWorkflows:
    """What runs on GitHub, as far as it can be checked elsewhere."""

    @by_workflow
    def test_jobs_are_complete(self, path: Path) -> None:
        """Each job has a runner and steps, or another workflow; it waits for jobs that exist."""
        jobs = _yaml(path)["jobs"]
        for job in jobs.values():
            assert "uses" in job or {"runs-on", "steps"} <= set(job)
            needs = job.get("needs", [])
            assert set([needs] if isinstance(needs, str) else needs) <= set(jobs)
            if job.get("uses", "").startswith("./"):
                assert (_ROOT / job["uses"]).is_file()

    @by_workflow
    def test_rights_are_named(self, path: Path) -> None:
        """The token of a run may do what the workflow says, and no more."""
        assert "permissions" in _yaml(path)

    @by_workflow
    def test_targets_and_files_exist(self, path: Path) -> None:
        """What `make` is asked for, and the constraints it is given, are in the repository."""
        text, makefile = path.read_text("utf-8"), (_ROOT / "Makefile").read_text("utf-8")
        for target in re.findall(r"run: make (\w+)", text):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
        for file in re.findall(r"constraints[-\w]*\.txt", text):
            assert (_ROOT / file).is_file()

    def test_every_package_is_watched_for_updates(self) -> None:
        """Dependabot looks at the core's dependencies, the plug-ins' and the actions."""
        updates = _yaml(_GITHUB / "dependabot.yml")["updates"]
        folders = {folder for update in updates for folder in update.get("directories", [])}
        assert {update["package-ecosystem"] for update in updates} == {"pip", "github-actions"}
        assert folders == {"/", "/plugins/*"}


@pytest.mark.parametrize("name", ["bug", "feature"])
def test_issue_forms_are_complete(name: str) -> None:
    """A form has a name, a description, and fields with labels and ids of their own."""
    form = _yaml(_GITHUB / "ISSUE_TEMPLATE" / f"{name}.yml")
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert form["name"]
    assert form["description"]
    assert all(field["attributes"]["label"] for field in fields)
    assert len({field["id"] for field in fields}) == len(fields)
