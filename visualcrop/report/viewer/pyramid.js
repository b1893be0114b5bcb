// A picture in several sizes: a reduced one of the whole, and tiles of what is seen in more detail.
// However large the picture is, a frame draws one overview and as many tiles as fill the canvas.

const OVERVIEW = 2048; // most pixels on the longer side of the reduced picture
const TILE = 1024; // pixels on the side of a tile, at its own level
const KEPT = 64; // tiles kept: the least recently drawn go first
const LOADING = 4; // tiles cut at a time

export class Pyramid {
  #source;
  #onTile;
  #overview = null;
  #tiles = new Map(); // "level/column/row" -> ImageBitmap, or null if it failed; last drawn, last
  #loading = new Set();
  #closed = false;

  constructor(source, onTile) {
    this.#source = source;
    this.#onTile = onTile;
    this.width = source.naturalWidth ?? source.width;
    this.height = source.naturalHeight ?? source.height;
    this.reduction = Math.min(1, OVERVIEW / Math.max(this.width, this.height));
  }

  async open() {
    if (this.reduction === 1) {
      this.#overview = this.#source;
      return;
    }
    this.#overview = await createImageBitmap(this.#source, {
      resizeWidth: Math.max(1, Math.round(this.width * this.reduction)),
      resizeHeight: Math.max(1, Math.round(this.height * this.reduction)),
      resizeQuality: "high",
    });
    if (this.#closed) this.#overview.close();
  }

  get isLoading() {
    return this.#loading.size > 0;
  }

  /**
   * Draw the part [left, top, right, bottom], in the picture's own pixels, to [x, y, width, height].
   * `density` is how many pixels of the screen a pixel of the picture covers. Returns how many
   * pictures were drawn.
   */
  draw(context, part, place, density) {
    const shrunk = this.#overview.width / this.width;
    drawPart(context, this.#overview, part, place, [0, 0, this.width, this.height]);
    if (density <= shrunk || this.reduction === 1) return 1;
    return 1 + this.#drawTiles(context, part, place, density);
  }

  #drawTiles(context, part, place, density) {
    const level = Math.max(0, Math.floor(Math.log2(1 / density)));
    const side = TILE * 2 ** level;
    const wanted = [];
    for (let row = Math.floor(part[1] / side); row * side < part[3]; row++) {
      for (let column = Math.floor(part[0] / side); column * side < part[2]; column++) {
        wanted.push([column, row]);
      }
    }
    let draws = 0;
    for (const [column, row] of wanted) {
      const key = `${level}/${column}/${row}`;
      const covers = [
        column * side,
        row * side,
        Math.min((column + 1) * side, this.width),
        Math.min((row + 1) * side, this.height),
      ];
      const tile = this.#tiles.get(key);
      if (tile === undefined) {
        this.#load(key, covers, 2 ** level);
        continue;
      }
      if (tile === null) continue;
      this.#tiles.delete(key);
      this.#tiles.set(key, tile);
      drawPart(context, tile, part, place, covers);
      draws++;
    }
    return draws;
  }

  async #load(key, [left, top, right, bottom], factor) {
    if (this.#loading.has(key) || this.#loading.size >= LOADING) return;
    this.#loading.add(key);
    try {
      const tile = await createImageBitmap(this.#source, left, top, right - left, bottom - top, {
        resizeWidth: Math.max(1, Math.round((right - left) / factor)),
        resizeHeight: Math.max(1, Math.round((bottom - top) / factor)),
        resizeQuality: "medium",
      });
      if (this.#closed) {
        tile.close();
        return;
      }
      this.#tiles.set(key, tile);
      for (const [old, unused] of this.#tiles) {
        if (this.#tiles.size <= KEPT) break;
        this.#tiles.delete(old);
        unused?.close();
      }
    } catch {
      this.#tiles.set(key, null); // not to be tried with every frame
    } finally {
      this.#loading.delete(key);
      if (!this.#closed) this.#onTile();
    }
  }

  close() {
    this.#closed = true;
    for (const tile of this.#tiles.values()) tile?.close();
    if (this.#overview !== this.#source) this.#overview?.close?.();
    this.#tiles.clear();
  }
}

/** Draw what `picture`, which covers the rectangle `covers`, shows of `part`. */
function drawPart(context, picture, part, [x, y, width, height], covers) {
  const left = Math.max(part[0], covers[0]);
  const top = Math.max(part[1], covers[1]);
  const right = Math.min(part[2], covers[2]);
  const bottom = Math.min(part[3], covers[3]);
  if (right <= left || bottom <= top) return;
  const wide = picture.naturalWidth ?? picture.width;
  const high = picture.naturalHeight ?? picture.height;
  const perX = wide / (covers[2] - covers[0]);
  const perY = high / (covers[3] - covers[1]);
  const alongX = width / (part[2] - part[0]);
  const alongY = height / (part[3] - part[1]);
  context.drawImage(
    picture,
    (left - covers[0]) * perX,
    (top - covers[1]) * perY,
    (right - left) * perX,
    (bottom - top) * perY,
    x + (left - part[0]) * alongX,
    y + (top - part[1]) * alongY,
    (right - left) * alongX,
    (bottom - top) * alongY,
  );
}
