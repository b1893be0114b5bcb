"""
Fetch real vocabularies and published chat templates, which `make real` tests with.

They are part of the source distribution of llama-cpp-python, which is downloaded once from the
package index that pip is configured with, and checked. Exits with 75 if it cannot be reached.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.parse
import urllib.request
from http.client import HTTPException
from pathlib import Path

NAME, VERSION = "llama-cpp-python", "0.3.36"
SHA256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
MODELS = f"llama_cpp_python-{VERSION}/vendor/llama.cpp/models"
FILES = (
    *(
        f"ggml-vocab-{name}.gguf{suffix}"
        for name in ("llama-spm", "qwen2", "qwen35", "gemma-4")
        for suffix in ("", ".inp", ".out")
    ),
    "templates/Qwen3.5-4B.jinja",
    "templates/google-gemma-4-31B-it.jinja",
    "templates/google-gemma-4-31B-it-interleaved.jinja",
    "templates/Mistral-Small-3.2-24B-Instruct-2506.jinja",
    "templates/MiMo-VL.jinja",
)
CACHE = Path(__file__).parent.parent / ".vocabularies_cache"
UNREACHABLE = 75  # EX_TEMPFAIL of sysexits.h
_TIMEOUT = 30  # seconds without a byte
_LIMIT = 64 << 20  # bytes of a file


def main(to: Path = CACHE) -> int:
    """Fill *to*, unless it is full; 75 if the index cannot be reached, 1 if it sends another."""
    if all((to / name).is_file() for name in FILES):
        return 0
    try:
        archive = _download(find_index())
    except (OSError, HTTPException, ValueError) as exc:  # no address, or no text
        reason = getattr(exc, "reason", exc)  # of urllib's errors
        print(f"The real vocabularies cannot be downloaded, and are not tested: {reason}.")
        return UNREACHABLE
    if (digest := hashlib.sha256(archive).hexdigest()) != SHA256:
        print(f"The index has another {NAME} {VERSION}, of SHA-256 {digest}.", file=sys.stderr)
        return 1
    extract(archive, to)
    return 0


def find_index() -> str:
    """The address of the package index: `PIP_INDEX_URL`, pip's configuration, or its default."""
    if url := os.environ.get("PIP_INDEX_URL"):
        return url
    ask = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    asked = subprocess.run(ask, capture_output=True, text=True, check=False)  # noqa: S603 - is ours
    if url := asked.stdout.strip():
        return url
    from pip._internal.models.index import PyPI

    return str(PyPI.simple_url)


def _download(index: str) -> bytes:
    page = f"{index.rstrip('/')}/{NAME}/"
    wanted = f"{NAME.replace('-', '_')}-{VERSION}.tar.gz"
    links = re.findall(r'href="([^"]+)"', _read(page).decode())
    for link in links:
        url = urllib.parse.urljoin(page, link)
        if urllib.parse.urlsplit(url).path.endswith(f"/{wanted}"):
            return _read(url)
    raise OSError(f"the index lists no {wanted}")


def _read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:  # noqa: S310 - as pip would
        content: bytes = answer.read()
    return content


def extract(archive: bytes, to: Path) -> None:
    """Write `FILES` of *archive* to *to*, all or none: they are named here, not by the archive."""
    to.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".vocabularies-", dir=to.parent))
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
            for name in FILES:
                member = tar.getmember(f"{MODELS}/{name}")
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or member.size > _LIMIT:
                    raise ValueError(f"{name} is no file of at most {_LIMIT >> 20} MiB")
                target = beside / name
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(content.read())
        shutil.rmtree(to, ignore_errors=True)
        beside.replace(to)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
