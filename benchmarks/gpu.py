"""
How near a search comes to what the GPU can do: `python -m benchmarks.gpu`.

Models of the published 7B shapes with random weights: nothing is downloaded, and nothing is said of
how well they answer. The bound of a line is the longer of two times: its operations at the speed of
one large matrix product, and the bytes that it has to read at the speed of one large copy, both
measured on the spot.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any

import attrs
import torch
import transformers

from benchmarks.measures import Bench, Ceilings, Row
from benchmarks.shapes import SEVEN_BILLION, SMALL, Shape, random_model

NEEDS = (
    "This benchmark needs a CUDA GPU with 40 GB of memory and a build of torch that can use it; "
    "--small tries the same code on a CPU."
)


def main(arguments: Sequence[str]) -> int:
    """Measure, and print a table or JSON; 1 if there is no GPU."""
    options = _parsed(arguments)
    if not (options.small or torch.cuda.is_available()):
        print(NEEDS, file=sys.stderr)
        return 1
    device = "cuda" if torch.cuda.is_available() else "cpu"
    ceilings = Ceilings.measured(device, 256 if options.small else 8192)
    shapes = [s for s in (SMALL if options.small else SEVEN_BILLION) if options.only in s.title]
    parts = _measured(shapes, device, ceilings, options)
    if options.json:
        print(json.dumps({**_machine(device, ceilings), "models": list(parts)}, indent=2))
    else:
        _print(_machine(device, ceilings), parts)
    return 0


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.gpu", description=(__doc__ or "").strip())
    parser.add_argument("--small", action="store_true", help="tiny models, on a CPU if need be")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--only", default="", metavar="NAME", help="models with this in their name")
    parser.add_argument("--rounds", type=int, default=5, help="runs, of which the median counts")
    return parser.parse_args(arguments)


def _measured(
    shapes: Sequence[Shape], device: str, ceilings: Ceilings, options: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """One part for each model and attention kernel."""
    kernels = ["sdpa"]
    if device == "cuda" and find_spec("flash_attn") is not None:
        kernels.append("flash_attention_2")
    for shape in shapes:
        for attention in kernels:
            remembering = random_model(shape, device=device, attention=attention)
            forgetful = attrs.evolve(remembering, prefix_cache=None)
            bench = Bench(remembering, forgetful, shape.image, ceilings, options.rounds)
            rows = [_told(row) for row in bench.rows()]
            told = {
                "model": shape.title,
                "attention": attention,
                "tokens": bench.tokens,
                "preparing_ms": bench.preparing * 1e3,
            }
            del remembering, forgetful, bench
            gc.collect()  # the next model needs the room
            torch.cuda.empty_cache()
            yield {**told, "rows": rows}


def _told(row: Row) -> dict[str, Any]:
    return {
        "measure": row.measure,
        "ms": row.seconds * 1e3,
        "tflop": row.flops / 1e12,
        "tflop_per_s": row.flops / row.seconds / 1e12,
        "bound_ms": row.bound * 1e3,
        "share_of_bound": row.share,
    }


def _machine(device: str, ceilings: Ceilings) -> dict[str, Any]:
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    return {
        "device": name,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "date": datetime.now(UTC).date().isoformat(),
        "tflop_per_s": ceilings.flops / 1e12,
        "gb_per_s": ceilings.bandwidth / 1e9,
    }


def _print(machine: dict[str, Any], parts: Iterator[dict[str, Any]]) -> None:
    print(
        "{device}: {tflop_per_s:.4g} TFLOP/s in bfloat16, {gb_per_s:.4g} GB/s; "
        "torch {torch}, transformers {transformers}, {date}".format(**machine)
    )
    for part in parts:
        print(
            "\n{model}, {attention}: {tokens} tokens, prepared by the CPU in {preparing_ms:.4g} ms "
            "beforehand".format(**part)
        )
        print(f"{'':32}{'ms':>10}{'TFLOP':>10}{'TFLOP/s':>10}{'bound ms':>10}{'share':>8}")
        for row in part["rows"]:
            print(
                "{measure:32}{ms:10.4g}{tflop:10.3g}{tflop_per_s:10.3g}{bound_ms:10.3g}"
                "{share_of_bound:8.1%}".format(**row)
            )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
