// A picture: from a file, the clipboard or a scene, with what is needed to show, send and name it.

const THUMBNAIL = 240; // pixels on the longer side
const MOST_BYTES = 200e6;

export class PictureError extends Error {}

/** A picture that the browser has decoded. */
export class Picture {
  constructor(blob, bitmap, { name, scene = null, questions = [], width, height, isCopy = false }) {
    Object.assign(this, { blob, bitmap, name, scene, questions, isCopy });
    this.width = width ?? bitmap.width; // of the original, where this is a copy
    this.height = height ?? bitmap.height;
  }

  /** Of a file or the like; refuses what is no picture. */
  static async of(blob, about) {
    if (blob.size > MOST_BYTES)
      throw new PictureError(`${about.name} has over ${MOST_BYTES / 1e6} MB; give a smaller picture.`);
    try {
      return new Picture(blob, await createImageBitmap(blob), about);
    } catch {
      throw new PictureError(`${about.name} is no picture that this browser can show; give a PNG, JPEG or WebP file.`);
    }
  }

  static async ofScene(scene) {
    const response = await fetch(`/lens/scenes/${encodeURIComponent(scene.name)}`);
    if (!response.ok) throw new PictureError((await response.json()).error.message);
    return Picture.of(await response.blob(), { name: scene.name, scene: scene.name, questions: scene.questions });
  }

  /** The small copy that the history kept of a picture. */
  static async ofThumbnail({ thumbnail, name, width, height }) {
    const shown = new Image();
    shown.src = thumbnail;
    await shown.decode();
    const about = { name, width, height, isCopy: true };
    return new Picture(null, await createImageBitmap(shown), about);
  }

  /** As text that goes into a request; encoded once. */
  get data() {
    this.encoded ??= new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result);
      reader.onerror = () => reject(new PictureError(`${this.name} cannot be read any more; choose it again.`));
      reader.readAsDataURL(this.blob);
    });
    return this.encoded;
  }

  /** SHA-256 of the file; null where the browser has none, as on pages without TLS. */
  get digest() {
    this.hashed ??= crypto.subtle
      ? this.blob.arrayBuffer().then((bytes) => crypto.subtle.digest("SHA-256", bytes)).then(toHex)
      : Promise.resolve(null);
    return this.hashed;
  }

  /** A small JPEG, as a data URL. */
  get thumbnail() {
    const scale = Math.min(1, THUMBNAIL / Math.max(this.width, this.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(this.width * scale));
    canvas.height = Math.max(1, Math.round(this.height * scale));
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(this.bitmap, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL("image/jpeg", 0.7);
  }

  close() {
    this.bitmap.close();
  }
}

function toHex(bytes) {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("").slice(0, 32);
}

/** The first picture among what was dropped or pasted; null if there is none. */
export function pictureFile(transfer) {
  const files = [...(transfer?.files ?? [])];
  return files.find((file) => file.type.startsWith("image/")) ?? files[0] ?? null;
}
