"""
How many signs visualcrop-ocr reads to the letter, by angle and by the size of the letters.

`python benchmarks/read_signs.py` draws 600 signs: six texts in five faces, four sizes, five angles.
"""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import matplotlib as mpl
import numpy as np
import PIL.Image
from PIL import ImageDraw, ImageFilter, ImageFont

from visualcrop import Image, View
from visualcrop_ocr.finding import read_view
from visualcrop_ocr.matching import match

FACES = ("", "DejaVuSans", "DejaVuSerif-Bold", "DejaVuSansMono", "STIXGeneral")  # first: Pillow's
SIZES, ANGLES = (10, 14, 20, 40), (0, 10, 30, 90, 180)
TEXTS = ("OPEN", "EXIT 24", "Bakery", "Platform 9", "NO PARKING", "7")


def draw(text: str, face: str, size: int, angle: int, rng: np.random.Generator) -> Image:
    """A sign on a wall, with grain."""
    path = Path(mpl.get_data_path()) / "fonts" / "ttf" / f"{face}.ttf"
    font = ImageFont.truetype(path, size) if face else ImageFont.load_default(size)
    sign = PIL.Image.new("L", (int(size * len(text) * 0.9) + size, size * 2), 230)
    ImageDraw.Draw(sign).text((size // 2, size // 3), text, fill=30, font=font)
    turned = sign.rotate(angle, PIL.Image.Resampling.BICUBIC, expand=True, fillcolor=230)
    side = 240 if max(turned.size) < 230 else 420
    wall = PIL.Image.new("RGB", (side, side), (200, 200, 200))
    soft = turned.filter(ImageFilter.GaussianBlur(0.5))
    wall.paste(soft, ((side - turned.width) // 2, (side - turned.height) // 2))
    grain = np.asarray(wall).astype(float) + rng.normal(0, 5, (side, side, 3))
    return Image.open(grain.clip(0, 255).astype(np.uint8))


def main() -> None:
    """Print how many of each group are read, words and the lone digit apart."""
    rng = np.random.default_rng(0)
    drawn: Counter[tuple[str, str]] = Counter()
    read: Counter[tuple[str, str]] = Counter()
    for face, size, angle, text in itertools.product(FACES, SIZES, ANGLES, TEXTS):
        image = draw(text, face, size, angle, rng)
        said = " ".join(line.text for line in read_view(View.whole(image)))
        what = "digit" if len(text) == 1 else "words"
        for group in ((what, f"{angle:3} degrees"), ("all", f"{size:3} pixels")):
            drawn[group] += 1
            read[group] += match(text, said) == 1
    for group in sorted(drawn):
        print(*group, f"{read[group]} of {drawn[group]}")


if __name__ == "__main__":
    main()
