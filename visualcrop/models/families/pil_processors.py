"""
Image processors of families for which transformers has none without torchvision.

Each does with Pillow what the class of the same name in transformers 5.23 does with torchvision,
and decides on tiles as the family's layout does. Tests hold them against transformers' own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from transformers import BatchFeature, GotOcr2ImageProcessorPil, MiniCPMV4_6ImageProcessorPil
from transformers.image_processing_backends import PilBackend
from transformers.image_utils import SizeDict
from transformers.processing_utils import ImagesKwargs

from ..engine.threads import torch_threads
from ..layouts.layout import Size, round_size, stretch_thin
from ..layouts.tiling import get_covering_canvas, get_optimal_tiled_canvas, get_padded_canvas


class Cohere2VisionImageProcessorPil(GotOcr2ImageProcessorPil):
    """Command A Vision's: the canvas that enlarges the image least, in tiles, then the whole."""

    size = {"height": 512, "width": 512}  # noqa: RUF012 - transformers copies it
    crop_to_patches = True
    patch_size = 16  # tokens on a side of a tile

    def __init__(self, **numbers: Any) -> None:
        super().__init__(**numbers)

    def crop_image_to_patches(
        self, image: Any, min_patches: int, max_patches: int, *args: Any, **options: Any
    ) -> list[Any]:
        size, side = options["patch_size"], options["patch_size"].height
        resample = options["resample"]
        height, width = image.shape[-2:]
        columns, rows = get_covering_canvas((width, height), side=side, max_tiles=max_patches)
        canvas = self.resize(image, SizeDict(side * rows, side * columns), resample=resample)
        whole = [self.resize(image, size, resample=resample)] if columns * rows > 1 else []
        return [*cut_tiles(canvas, rows, columns), *whole]

    def get_number_of_image_patches(
        self, height: int, width: int, images_kwargs: Any = None
    ) -> int:
        """The number of pictures of an image of that size."""
        side, most = self.size["height"], self.max_patches
        columns, rows = get_covering_canvas((width, height), side=side, max_tiles=most)
        return columns * rows + (columns * rows > 1)


class Llama4Options(ImagesKwargs, total=False):
    """Options that are Llama 4's alone."""

    max_patches: int
    resize_to_max_canvas: bool


class Llama4ImageProcessorPil(PilBackend):
    """Llama 4's: the image in the top left of a canvas, in tiles, then the whole, squashed."""

    valid_kwargs = Llama4Options
    resample = 2  # bilinear
    image_mean = [0.5, 0.5, 0.5]  # noqa: RUF012
    image_std = [0.5, 0.5, 0.5]  # noqa: RUF012
    size = {"height": 336, "width": 336}  # noqa: RUF012
    do_resize = do_rescale = do_normalize = do_convert_rgb = True
    max_patches = 16
    resize_to_max_canvas = False

    def __init__(self, **numbers: Any) -> None:
        super().__init__(**numbers)

    def _preprocess(  # type: ignore[override]
        self, images: list[Any], **options: Any
    ) -> BatchFeature:
        size, resample = options["size"], options["resample"]
        tiles: list[Any] = []
        shapes: list[tuple[int, int]] = []
        for image in images:
            height, width = image.shape[-2:]
            (columns, rows), pasted = get_padded_canvas(
                (width, height),
                side=size.height,
                max_tiles=options["max_patches"],
                enlarge=options["resize_to_max_canvas"],
            )
            shapes.append((rows, columns))
            scaled = self.resize(image, SizeDict(pasted[1], pasted[0]), resample=resample)
            room = SizeDict(rows * size.height, columns * size.width)
            padded: Any = self.pad([scaled], pad_size=room)
            tiles += cut_tiles(padded[0], rows, columns)
            tiles += [self.resize(image, size, resample=resample)] if rows * columns > 1 else []
        pixels = np.stack([_normalized(self, tile, options) for tile in tiles])
        data = {"pixel_values": pixels, "aspect_ratios": np.array(shapes)}
        return BatchFeature(data=data, tensor_type=options["return_tensors"])


class Lfm2VlOptions(ImagesKwargs, total=False):
    """Options that are LFM2-VL's alone."""

    downsample_factor: int
    do_image_splitting: bool
    min_tiles: int
    max_tiles: int
    use_thumbnail: bool
    min_image_tokens: int
    max_image_tokens: int
    encoder_patch_size: int
    tile_size: int
    max_pixels_tolerance: float
    return_row_col_info: bool


class Lfm2VlImageProcessorPil(PilBackend):
    """LFM2-VL's: the image near its own size or, if it is large, in tiles and whole, in patches."""

    valid_kwargs = Lfm2VlOptions
    model_input_names = ["pixel_values", "pixel_attention_mask", "spatial_shapes"]  # noqa: RUF012
    resample = 2  # bilinear
    image_mean = [0.5, 0.5, 0.5]  # noqa: RUF012
    image_std = [0.5, 0.5, 0.5]  # noqa: RUF012
    size = {"height": 512, "width": 512}  # noqa: RUF012
    do_resize = do_rescale = do_normalize = do_convert_rgb = do_pad = True
    downsample_factor, encoder_patch_size, tile_size = 2, 16, 512
    do_image_splitting = use_thumbnail = True
    min_tiles, max_tiles = 2, 10
    min_image_tokens, max_image_tokens, max_pixels_tolerance = 64, 256, 2.0
    return_row_col_info = False

    def __init__(self, **numbers: Any) -> None:
        super().__init__(**numbers)

    def plan(self, size: Size) -> tuple[Size, Size]:
        """Columns and rows of tiles, 0 of a small image, and the pixels of the whole image."""
        factor, patch = self.encoder_patch_size * self.downsample_factor, self.encoder_patch_size
        fewest, most = (n * factor**2 for n in (self.min_image_tokens, self.max_image_tokens))
        full = stretch_thin(size, self.max_image_tokens)  # transformers fails on thinner images
        whole = round_size(full, factor, factor=factor, min_pixels=fewest, max_pixels=most)
        near = [max(patch, round(side / factor) * factor) for side in size]
        large = near[0] * near[1] > most * self.max_pixels_tolerance
        if not large or not self.do_image_splitting or self.max_tiles == 1:
            return (0, 0), whole
        limits = {"min_tiles": self.min_tiles, "max_tiles": self.max_tiles}
        return get_optimal_tiled_canvas(size, side=self.tile_size, **limits), whole

    def _preprocess(  # type: ignore[override]
        self, images: list[Any], **options: Any
    ) -> BatchFeature:
        resample = options["resample"]
        plans = [self.plan(image.shape[:-3:-1]) for image in images]
        pictures: list[Any] = []
        for image, ((columns, rows), (width, height)) in zip(images, plans, strict=True):
            if columns * rows:
                room = SizeDict(rows * self.tile_size, columns * self.tile_size)
                pictures += cut_tiles(self.resize(image, room, resample=resample), rows, columns)
            if self.use_thumbnail or not columns * rows:
                pictures.append(self.resize(image, SizeDict(height, width), resample=resample))
        side = self.encoder_patch_size
        patches = [cut_patches(_normalized(self, picture, options), side) for picture in pictures]
        most = max(
            self.max_image_tokens * self.downsample_factor**2,
            (self.tile_size // side) ** 2 if self.do_image_splitting else 0,
        )
        padded = np.zeros((len(patches), most, patches[0].shape[-1]), np.float32)
        mask = np.zeros((len(patches), most), np.int32)
        for index, patch in enumerate(patches):
            padded[index, : len(patch)], mask[index, : len(patch)] = patch, 1
        shapes = [[length // side for length in picture.shape[-2:]] for picture in pictures]
        names = ("pixel_values", "pixel_attention_mask", "spatial_shapes")
        data = dict(zip(names, (padded, mask, np.array(shapes)), strict=True))
        if options["return_row_col_info"]:
            data["image_rows"] = np.array([max(1, canvas[1]) for canvas, _ in plans])
            data["image_cols"] = np.array([max(1, canvas[0]) for canvas, _ in plans])
            data["image_sizes"] = np.array([whole[::-1] for _, whole in plans])
        return BatchFeature(data=data, tensor_type=options["return_tensors"])


class Molmo2Options(ImagesKwargs, total=False):
    """Options that are Molmo2's alone."""

    max_crops: int
    overlap_margins: list[int]
    patch_size: int
    pooling_size: list[int]


class Molmo2ImageProcessorPil(PilBackend):
    """Molmo2's: the whole image, squashed, then overlapping crops of a canvas, in patches."""

    valid_kwargs = Molmo2Options
    model_input_names = [  # noqa: RUF012
        *("pixel_values", "image_token_pooling", "image_grids", "image_num_crops")
    ]
    resample = 2  # bilinear
    image_mean = [0.5, 0.5, 0.5]  # noqa: RUF012
    image_std = [0.5, 0.5, 0.5]  # noqa: RUF012
    size = {"height": 378, "width": 378}  # noqa: RUF012
    do_resize = do_rescale = do_normalize = do_convert_rgb = True
    max_crops, patch_size = 8, 14
    overlap_margins = [4, 4]  # noqa: RUF012
    pooling_size = [2, 2]  # noqa: RUF012 - rows and columns

    def __init__(self, **numbers: Any) -> None:
        super().__init__(**numbers)

    @property
    def per_side(self) -> int:
        """Patches on a side of a crop."""
        return int(self.size["height"]) // self.patch_size

    def plan(self, size: Size) -> tuple[Size, Size]:
        """Columns and rows of crops, and of patches of the canvas that they are cut from."""
        shared = sum(self.overlap_margins)
        window, (width, height) = self.per_side - shared, size
        # Of equal canvases, the one of fewer rows; of images smaller than what overlaps, whatever.
        room = height - shared * self.patch_size, width - shared * self.patch_size
        rows, columns = get_covering_canvas(
            (room[0] or 1e-9, room[1] or 1e-9),
            side=window * self.patch_size,
            max_tiles=self.max_crops,
        )
        return (columns, rows), (columns * window + shared, rows * window + shared)

    def _preprocess(  # type: ignore[override]
        self, images: list[Any], **options: Any
    ) -> BatchFeature:
        patches: list[Any] = []
        pooling: list[Any] = []
        grids: list[list[int]] = []
        crops: list[int] = []
        whole = np.arange(self.per_side**2).reshape(self.per_side, self.per_side)
        for image in images:
            cut = self._cut(image, options)
            before, (canvas, tiles) = sum(crops) * whole.size, self.plan(image.shape[:-3:-1])[::-1]
            seen = whole.size + self._number_patches(canvas, tiles)
            pools = [pool_patches(grid, self.pooling_size) for grid in (whole, seen)]
            grids.append([length for _, shape in pools for length in shape])
            pooling += [np.where(pool < 0, pool, pool + before) for pool, _ in pools]
            patches += [cut_patches(picture, self.patch_size) for picture in cut]
            crops.append(len(cut))
        data = {
            "pixel_values": np.stack(patches).astype(np.float32),
            "image_token_pooling": np.concatenate(pooling),
            "image_grids": np.array(grids),
            "image_num_crops": np.array(crops),
        }
        return BatchFeature(data=data, tensor_type=options["return_tensors"])

    def _cut(self, image: Any, options: Any) -> list[Any]:
        """The whole image and its crops, channels x side x side."""
        side, (tiles, canvas) = self.per_side * self.patch_size, self.plan(image.shape[:-3:-1])
        step = side - sum(self.overlap_margins) * self.patch_size
        whole = _interpolated(image, (side, side))
        large = _interpolated(image, (canvas[0] * self.patch_size, canvas[1] * self.patch_size))
        corners = [(step * row, step * col) for row in range(tiles[1]) for col in range(tiles[0])]
        crops = [large[:, top : top + side, left : left + side] for top, left in corners]
        return [_normalized(self, picture, options) for picture in (whole, *crops)]

    def _number_patches(self, canvas: Size, tiles: Size) -> Any:
        """The index of each patch of the *canvas* among those of all crops, rows x columns."""
        first, window = self.overlap_margins[0], self.per_side - sum(self.overlap_margins)
        (across, x), (down, y) = (
            (crop, place - crop * window)
            for length, most in zip(canvas, tiles, strict=True)
            for place in [np.arange(length)]
            for crop in [((place - first) // window).clip(0, most - 1)]
        )
        crop = down[:, None] * tiles[0] + across
        return (crop * self.per_side + y[:, None]) * self.per_side + x

    def get_number_of_image_patches(
        self, height: int, width: int, images_kwargs: Any = None
    ) -> int:
        """The number of tokens of an image of that size."""
        rows, columns = self.pooling_size
        canvas, side = self.plan((width, height))[1], self.per_side
        whole = -(-side // rows) * -(-side // columns)
        return whole + -(-canvas[1] // rows) * -(-canvas[0] // columns)


class MiniCpmVImageProcessorPil(MiniCPMV4_6ImageProcessorPil):
    """MiniCPM-V's, whose pixel values are patches x channels x rows x columns, not in one strip."""

    def plan(self, size: Size) -> tuple[Size, Size, Size]:
        """Columns and rows of slices, and the pixels of the whole image and of all slices."""
        shape, scale, patch = size[::-1], self.scale_resolution, self.patch_size
        most = self.max_slice_nums
        canvas = self.get_sliced_grid(shape, most, scale) if self.slice_mode else None
        how: dict[str, Any] = {"scale_resolution": scale, "patch_size": patch}
        how["downsample_mode"] = self.downsample_mode
        height, width = self.find_best_resize(shape, allow_upscale=canvas is None, **how)
        if canvas is None:
            return (0, 0), (width, height), (0, 0)
        sliced = self.get_refine_size(shape, canvas, allow_upscale=True, **how)
        return (canvas[1], canvas[0]), (width, height), (sliced[1], sliced[0])

    def _preprocess(  # type: ignore[override]
        self, images: list[Any], **options: Any
    ) -> BatchFeature:
        made = super()._preprocess(images, **options)
        strip = made["pixel_values"]  # 1 x channels x rows x (patches * columns)
        _, channels, side, _ = strip.shape
        cut = strip.reshape(channels, side, -1, side)
        made["pixel_values"] = cut.swapaxes(0, 2).swapaxes(1, 2)
        return made


def cut_patches(picture: Any, side: int) -> Any:
    """Patches of *side* pixels, row by row: patches x (side * side * channels)."""
    channels, height, width = picture.shape
    cut = picture.reshape(channels, height // side, side, width // side, side)
    return cut.transpose(1, 3, 2, 4, 0).reshape(-1, side * side * channels)


def pool_patches(grid: Any, pooling: Any) -> tuple[Any, tuple[int, int]]:
    """
    The patches of each token, tokens x pooled, -1 for none; and rows and columns of tokens.

    Of a *grid* of patches, rows x columns, so many rows and columns as in *pooling* are one token.
    """
    height, width = pooling
    rows, columns = -(-grid.shape[0] // height), -(-grid.shape[1] // width)
    missing = rows * height - grid.shape[0], columns * width - grid.shape[1]
    padded = np.pad(grid, [(n // 2, n - n // 2) for n in missing], constant_values=-1)
    pooled = padded.reshape(rows, height, columns, width).swapaxes(1, 2)
    return pooled.reshape(rows * columns, height * width), (rows, columns)


def cut_tiles(canvas: Any, rows: int, columns: int) -> list[Any]:
    """The tiles of a *canvas*, channels x height x width, row by row."""
    strips = np.split(canvas, rows, axis=-2)
    return [tile for strip in strips for tile in np.split(strip, columns, axis=-1)]


def _interpolated(picture: Any, size: Size) -> Any:
    """
    *picture*, channels x height x width, in width and height of *size*, not smoothed before.

    On one thread: torch rounds a few pixels otherwise if it has more.
    """
    import torch

    given = torch.from_numpy(np.array(picture, np.float32))[None]
    with torch_threads(1):
        resized = torch.nn.functional.interpolate(given, size[::-1], mode="bilinear")
    return resized[0].round().clamp(0, 255).byte().numpy()


def _normalized(processor: PilBackend, tile: Any, options: Any) -> Any:
    if options["do_rescale"]:
        tile = processor.rescale(tile, options["rescale_factor"])
    if options["do_normalize"]:
        tile = processor.normalize(tile, options["image_mean"], options["image_std"])
    return tile
