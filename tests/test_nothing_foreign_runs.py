"""The sources hold no way to run what comes out of a file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PLACES = ("visualcrop", "plugins", "scripts", "benchmarks")
_MODULES = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "runpy"}
_BUILTINS = {"eval", "exec", "compile", "__import__"}
_CALLS = {
    *("os.system", "os.popen", "yaml.load", "yaml.unsafe_load", "torch.hub.load"),
    *("subprocess.getoutput", "subprocess.getstatusoutput", "pd.read_pickle"),
}
_REMOTE = "from_pretrained"


def _sources() -> Iterator[Path]:
    for place in PLACES:
        for path in sorted((ROOT / place).rglob("*.py")):
            if "tests" not in path.parts and not path.name.startswith("test_"):
                yield path


def _offences(source: str) -> Iterator[str]:
    """Each line that could run a file's content, with its number."""
    for node in ast.walk(ast.parse(source)):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Import):
            names = {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {(node.module or "").partition(".")[0]} if not node.level else set()
        else:
            names = set()
        yield from (f"{line}: imports {name}" for name in names & _MODULES)
        if isinstance(node, ast.Call):
            yield from (f"{line}: {what}" for what in _of_call(node))


def _of_call(node: ast.Call) -> Iterator[str]:
    name = ast.unparse(node.func)
    given = {word.arg: ast.unparse(word.value) for word in node.keywords}
    if name in _BUILTINS | _CALLS:
        yield name
    if name == "torch.load" and given.get("weights_only") != "True":
        yield "torch.load without weights_only=True"
    if given.get("allow_pickle", "False") != "False":
        yield "allow_pickle"
    if given.get("shell", "False") != "False":
        yield "a shell"
    if name.endswith(f".{_REMOTE}") and given.get("trust_remote_code") != "False":
        yield f"{_REMOTE} without trust_remote_code=False"
    if name == "load" and given.get("trust_remote_code") != "False":
        yield "load, which is from_pretrained here, without trust_remote_code=False"


@pytest.mark.parametrize(
    "line",
    [
        *("import pickle", "from pickle import loads", "import marshal", "import shelve"),
        *("eval(text)", "exec(text)", "yaml.load(text)", "os.system(text)"),
        *("torch.load(path)", "torch.load(path, weights_only=False)"),
        *("np.load(path, allow_pickle=True)", "np.load(path, allow_pickle=yes)"),
        *("subprocess.run(text, shell=True)", "AutoModel.from_pretrained(path)"),
        "AutoModel.from_pretrained(path, trust_remote_code=True)",
    ],
)
def test_it_would_be_found(line: str) -> None:
    """Each of the ways that are looked for."""
    assert [*_offences(line)]


@pytest.mark.parametrize("line", ["network.eval()", "np.load(path)", "re.compile(text)"])
def test_what_is_harmless_is_not(line: str) -> None:
    """The mode of a network, arrays without objects, patterns."""
    assert not [*_offences(line)]


def test_there_is_none() -> None:
    """In visualcrop, its plug-ins, scripts and benchmarks."""
    found = {
        str(path.relative_to(ROOT)): offences
        for path in _sources()
        if (offences := [*_offences(path.read_text("utf-8"))])
    }
    assert not found
    assert len([*_sources()]) > 200
