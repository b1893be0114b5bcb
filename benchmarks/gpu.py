"""
How near a search comes to what the GPU can do: `python -m benchmarks.gpu`.

Models of the published 7B shapes with random weights: nothing is downloaded, and nothing is said of
how well they answer. Each line of the output is a JSON object, written as soon as it is measured;
progress goes to standard error. It ends in `--seconds`: what does not fit is left out, and says so.

The bound of a measurement is the longer of two times: its operations at the speed of one large
matrix product, and the bytes that it has to read at the speed of one large copy, both measured on
the spot. `ms` is what the model takes, `total_ms` also what the CPU takes to prepare its images.

It runs from the source tree, where torch and transformers are installed, and nothing else need be:
`--wheels FOLDER` reads the other packages from wheels, without pip.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

if TYPE_CHECKING:  # all that is not Python's own may be in a wheel, which `main` unpacks first
    from benchmarks.measures import Ceilings, Row
    from benchmarks.shapes import Shape

NEEDS = (
    "This benchmark needs a CUDA GPU with 40 GB of memory and a build of torch that can use it; "
    "--small tries the same code on a CPU."
)
LACKS = (
    "This benchmark needs {package}; install it, or give --wheels a folder with its wheel for this "
    "Python."
)
_BUILDING = 20.0  # seconds that are kept for a model that is yet to be built


def main(arguments: Sequence[str]) -> int:
    """Measure, and print JSON, a line for each measurement; 1 if there is no GPU."""
    started = time.perf_counter()
    options = _parse(arguments)
    with tempfile.TemporaryDirectory(prefix="visualcrop-wheels-") as folder:
        if options.wheels is not None:
            unpack_wheels(options.wheels, Path(folder))
        try:
            return _run(options, started + options.seconds)
        except ModuleNotFoundError as error:
            print(LACKS.format(package=error.name), file=sys.stderr)
            return 1


def unpack_wheels(wheels: Path, folder: Path) -> None:
    """Unpack all *wheels*, a folder of them, into *folder*, and import from there first."""
    for wheel in sorted(wheels.glob("*.whl")):
        with ZipFile(wheel) as archive:
            archive.extractall(folder)
    sys.path.insert(0, str(folder))


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks.gpu",
        description=(__doc__ or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--small", action="store_true", help="tiny models, on a CPU if need be")
    parser.add_argument("--only", default="", metavar="NAME", help="models with this in their name")
    parser.add_argument("--rounds", type=int, default=5, help="runs, of which the median counts")
    parser.add_argument("--seconds", type=float, default=480, help="after which it ends")
    parser.add_argument(
        "--wheels", type=Path, metavar="FOLDER", help="with wheels of packages that are missing"
    )
    return parser.parse_args(arguments)


def _run(options: argparse.Namespace, end: float) -> int:
    import torch

    from benchmarks.measures import Ceilings
    from benchmarks.shapes import SEVEN_BILLION, SMALL

    on_gpu = torch.cuda.is_available()
    if not (options.small or on_gpu):
        print(NEEDS, file=sys.stderr)
        return 1
    device = "cuda" if on_gpu else "cpu"
    ceilings = Ceilings.measured(device, 256 if options.small else 8192)
    _tell(_describe_machine(ceilings), end)
    shapes = [s for s in (SMALL if options.small else SEVEN_BILLION) if options.only in s.title]
    kernels = ["sdpa"]
    if on_gpu and find_spec("flash_attn") is not None:
        kernels.append("flash_attention_2")
    runs = [(shape, kernel) for kernel in kernels for shape in shapes]
    for index, (shape, kernel) in enumerate(runs):
        left = len(runs) - index
        until = time.perf_counter() + (end - time.perf_counter()) / left
        for told in _measure(shape, kernel, ceilings, options.rounds, until):
            _tell({"model": shape.title, "attention": kernel, **told}, end)
    _tell({"done": True}, end)
    return 0


def _measure(
    shape: Shape, kernel: str, ceilings: Ceilings, rounds: int, until: float
) -> Iterator[dict[str, Any]]:
    """Each measurement of one model; an error, or none where the time is up."""
    import attrs
    import torch

    from benchmarks.measures import Bench
    from benchmarks.shapes import random_model

    started = time.perf_counter()
    if until - started < (_BUILDING if ceilings.device == "cuda" else 0):
        yield {"left_out": "the model"}
        return
    try:
        remembering = random_model(shape, device=ceilings.device, attention=kernel)
        unending = attrs.evolve(remembering.prompt_processor, stop_tokens=frozenset())
        remembering = attrs.evolve(remembering, prompt_processor=unending)
        forgetful = attrs.evolve(remembering, prefix_cache=None)
        bench = Bench(remembering, forgetful, shape, ceilings, rounds, until)
        yield {"tokens": bench.tokens, "built_s": round(time.perf_counter() - started, 1)}
        for name, measure in bench.measurements().items():
            yield _describe_measurement(name, measure, until)
        del remembering, forgetful, bench, measure
    except Exception as error:  # noqa: BLE001 - the next model may fit
        yield {"error": f"{type(error).__name__}: {error}"[:300]}
    gc.collect()  # the next model needs the room
    if ceilings.device == "cuda":
        torch.cuda.empty_cache()


def _describe_measurement(name: str, measure: Any, until: float) -> dict[str, Any]:
    if time.perf_counter() > until:
        return {"measure": name, "left_out": "the time is up"}
    try:
        return {"measure": name, **_describe_row(measure())}
    except Exception as error:  # noqa: BLE001 - others may fit into memory
        return {"measure": name, "error": f"{type(error).__name__}: {error}"[:300]}


def _describe_row(row: Row) -> dict[str, Any]:
    told = {"ms": row.seconds * 1e3, "total_ms": row.total * 1e3}
    if row.bound:
        told |= {
            "tflop": row.flops / 1e12,
            "tflop_per_s": row.flops / row.seconds / 1e12,
            "bound_ms": row.bound * 1e3,
            "share_of_bound": row.bound / row.seconds,
        }
    rounded = {name: float(f"{number:.4g}") for name, number in told.items()}
    return {**rounded, "rounds": row.rounds}


def _describe_machine(ceilings: Ceilings) -> dict[str, Any]:
    import torch
    import transformers

    return {
        "device": torch.cuda.get_device_name() if ceilings.device == "cuda" else "CPU",
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "date": datetime.now(UTC).date().isoformat(),
        "tflop_per_s": float(f"{ceilings.flops / 1e12:.4g}"),
        "gb_per_s": float(f"{ceilings.bandwidth / 1e9:.4g}"),
    }


def _tell(told: Mapping[str, Any], end: float) -> None:
    """One line of JSON, and one for people who wait."""
    print(json.dumps(told), flush=True)
    words = [f"{name} {told[name]}" for name in ("device", "model", "attention") if name in told]
    words += [str(told["measure"])] if "measure" in told else []
    words += [f"{told['total_ms']:g} ms"] if "total_ms" in told else []
    words += [f"{told['share_of_bound']:.0%} of the bound"] if "share_of_bound" in told else []
    words += [f"{name}: {told[name]}" for name in ("left_out", "error", "done") if name in told]
    left = max(0.0, end - time.perf_counter())
    print(f"[{left:3.0f} s left] {', '.join(words)}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
