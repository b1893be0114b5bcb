"""Pictures of words, as signs in a photograph: printed, turned, soft and noisy."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import PIL.Image
from PIL import ImageDraw, ImageFilter, ImageFont

from visualcrop import Image

_FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"


def noise(width: int, height: int) -> PIL.Image.Image:
    """A grey wall with grain."""
    grain = np.random.default_rng(0).normal(190, 6, (height, width, 3))
    return PIL.Image.fromarray(grain.clip(0, 255).astype(np.uint8))


def draw_sign(text: str, *, size: int = 24, angle: float = 0, font: str = "DejaVuSans") -> Image:
    """A sign with *text* in letters of *size* pixels on a wall, turned to the left."""
    face = ImageFont.truetype(_FONTS / f"{font}.ttf", size)
    sign = PIL.Image.new("RGB", (size * (len(text) + 1), 2 * size), "ivory")
    ImageDraw.Draw(sign).text((sign.width / 2, size), text, "black", face, "mm")
    turned = sign.convert("RGBA").rotate(angle, PIL.Image.Resampling.BICUBIC, expand=True)
    wall = noise(turned.width + 60, turned.height + 60)
    wall.paste(turned, (30, 30), turned)
    return Image.open(wall.filter(ImageFilter.GaussianBlur(0.5)))


def hang(wall: PIL.Image.Image, text: str, at: tuple[int, int], size: int = 24) -> None:
    """Hang a sign on *wall*, its left top corner *at* a place."""
    sign = draw_sign(text, size=size).picture
    wall.paste(sign.crop((30, 30, sign.width - 30, sign.height - 30)), at)
