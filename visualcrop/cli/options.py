"""Options that several commands share, and how results are printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import FileError
from ..output.streams import can_encode, say
from ..output.strict_json import json_text
from ..output.terminal import Terminal
from ..utils.paths import expand_path

if TYPE_CHECKING:
    from ..output.tables import Table
    from ..report.vector import Drawing

ImagePath = Annotated[str, typer.Argument(help="Path of the image.", metavar="IMAGE")]
ModelSpec = Annotated[
    str | None,
    typer.Option(
        "-m",
        "--model",
        help="Spec of the model, a folder, a name on the hub, or a TOML file. "
        "[default: $VISUALCROP_MODEL, else one that comes along]",
    ),
]
OptionPairs = Annotated[
    list[str] | None,
    typer.Option(
        "-o",
        "--option",
        metavar="PATH=VALUE",
        help="Set one option, such as relevance.layers=[8, 14].",
    ),
]
PICTURES = (".png", ".jpg", ".jpeg", ".webp")  # suffixes of raster images
DRAWINGS = (".svg", ".pdf")  # suffixes of vector graphics
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
OursName = Annotated[
    str | None,
    typer.Option(
        "--ours", help="The method whose passes the others' are divided by. [default: focus]"
    ),
]
MethodGroups = Annotated[
    list[str] | None,
    typer.Option(
        "--method",
        metavar="NAME=LABEL",
        help="Variants that are settings of one method, as in 'ours=steps=*'; give several. "
        "[default: those of one searcher]",
    ),
]
MaxBytes = Annotated[int, typer.Option(help="Most memory to open the image in, in bytes.", min=1)]


def console(*, stderr: bool = False) -> Terminal:
    """Where commands print: standard output, or error."""
    return Terminal(error=stderr)


def print_json(value: Any) -> None:
    """Print indented JSON, in ASCII if standard output's encoding lacks a letter of it."""
    text = json_text(value, indent=2)
    say(text if can_encode(text) else json_text(value, indent=2, ascii_only=True))


def print_tables(rows: Sequence[Mapping[str, Any]], *, against: str = "direct") -> None:
    """Print the tables of a run's results and costs."""
    from ..evaluation.result_tables import cost_table, result_table

    for table in (result_table(rows, against=against), cost_table(rows)):
        print_table(table)
        console().print()


def print_table(table: Table) -> None:
    """Print one table: the first column is text, the others are figures."""
    console().table(table.headings, table.rows, right=table.headings[1:])


def write(path: str | Path, content: str | bytes) -> Path:
    """Write a file and its missing folders; raise `FileError` if that fails."""
    place = expand_path(path)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(_encode(content))
    except OSError as exc:
        raise FileError(f"{str(path)!r} cannot be written: {exc.strerror or exc}.") from exc
    return place


def _encode(content: str | bytes) -> bytes:
    """Encode as UTF-8; lone surrogates, as in file names that are not UTF-8, become `?`."""
    return content.encode("utf-8", "replace") if isinstance(content, str) else content


def check_place(path: str | Path, endings: Sequence[str] | None = None) -> None:
    """Refuse a file that cannot be written, before any work is done for it."""
    if endings is not None and Path(path).suffix.lower() not in endings:
        raise FileError(
            f"{str(path)!r} does not end in {', '.join(endings[:-1])} or {endings[-1]}; give it "
            "such an ending."
        )
    if expand_path(path).is_dir():
        raise FileError(f"{str(path)!r} is a folder; give the name of a file, in it or elsewhere.")


def write_picture(path: str | Path, picture: Any) -> Path:
    """Write a PIL picture in the format that the path's ending names."""
    from io import BytesIO

    import PIL.Image

    check_place(path, PICTURES)
    encoded = BytesIO()
    picture.save(encoded, PIL.Image.registered_extensions()[Path(path).suffix.lower()])
    return write(path, encoded.getvalue())


def write_drawing(path: str | Path, drawing: Drawing) -> Path:
    """Write a drawing as SVG or PDF, or rendered to pixels, by the path's suffix."""
    ending = Path(path).suffix.lower()
    if ending == ".svg":
        return write(path, drawing.to_svg())
    if ending == ".pdf":
        from ..report.pdf import to_pdf

        return write(path, to_pdf(drawing))
    return write_picture(path, drawing.to_picture())
