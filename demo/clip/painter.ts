/** Red, green, blue, 0 to 255 each. */
export type Colour = [number, number, number];

export type Point = [x: number, y: number];

/** A picture of RGB pixels with shapes drawn smoothly: each pixel takes as much colour as the shape covers of it. */
export class Picture {
  readonly pixels: Float32Array;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.pixels = new Float32Array(width * height * 3);
  }

  copy(): Picture {
    const copy = new Picture(this.width, this.height);
    copy.pixels.set(this.pixels);
    return copy;
  }

  /** Colours every pixel by its place. */
  fill(
    colourAt: (x: number, y: number) => Colour,
    left = 0,
    top = 0,
    right = this.width,
    bottom = this.height,
  ): void {
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) this.#mix(x, y, colourAt(x, y), 1);
    }
  }

  ellipse([x, y]: Point, across: number, down: number, colour: Colour, opacity = 1): void {
    this.#draw(x - across, y - down, x + across, y + down, colour, opacity, (u, v) => {
      const reach = Math.hypot((u - x) / across, (v - y) / down);
      return (reach - 1) * Math.min(across, down);
    });
  }

  /** A line with round ends; `thick` is its radius at the start, `thin` at the end. */
  limb([x1, y1]: Point, [x2, y2]: Point, thick: number, colour: Colour, thin = thick): void {
    const most = Math.max(thick, thin);
    const length = Math.hypot(x2 - x1, y2 - y1) || 1;
    this.#draw(
      Math.min(x1, x2) - most,
      Math.min(y1, y2) - most,
      Math.max(x1, x2) + most,
      Math.max(y1, y2) + most,
      colour,
      1,
      (u, v) => {
        const along = ((u - x1) * (x2 - x1) + (v - y1) * (y2 - y1)) / length ** 2;
        const at = Math.min(1, Math.max(0, along));
        return Math.hypot(u - x1 - at * (x2 - x1), v - y1 - at * (y2 - y1)) - (thick + at * (thin - thick));
      },
    );
  }

  /** A box with corners rounded by `round` pixels. */
  box(
    left: number,
    top: number,
    right: number,
    bottom: number,
    colour: Colour,
    round = 0,
    opacity = 1,
  ): void {
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    this.#draw(left, top, right, bottom, colour, opacity, (u, v) => {
      const across = Math.abs(u - x) - (right - left) / 2 + round;
      const down = Math.abs(v - y) - (bottom - top) / 2 + round;
      return Math.hypot(Math.max(0, across), Math.max(0, down)) + Math.min(0, Math.max(across, down)) - round;
    });
  }

  polygon(points: Point[], colour: Colour): void {
    const xs = points.map(([x]) => x);
    const ys = points.map(([, y]) => y);
    this.#draw(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys), colour, 1, (u, v) => {
      let nearest = Number.POSITIVE_INFINITY;
      let inside = false;
      for (const [n, [x1, y1]] of points.entries()) {
        const [x2, y2] = points[(n + 1) % points.length] as Point;
        const along = ((u - x1) * (x2 - x1) + (v - y1) * (y2 - y1)) / ((x2 - x1) ** 2 + (y2 - y1) ** 2);
        const at = Math.min(1, Math.max(0, along));
        nearest = Math.min(nearest, Math.hypot(u - x1 - at * (x2 - x1), v - y1 - at * (y2 - y1)));
        if (y1 > v !== y2 > v && u < x1 + ((v - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
      }
      return inside ? -nearest : nearest;
    });
  }

  /** As bytes for ffmpeg (`rgb24`), with grain like a camera's. */
  toBytes(grain: () => number): Buffer {
    const bytes = Buffer.allocUnsafe(this.pixels.length);
    for (let at = 0; at < this.pixels.length; at += 3) {
      const noise = grain();
      for (let n = at; n < at + 3; n++) {
        bytes[n] = Math.min(255, Math.max(0, Math.round((this.pixels[n] as number) + noise)));
      }
    }
    return bytes;
  }

  /** @param distance from a point to the shape's edge in pixels, negative inside */
  #draw(
    left: number,
    top: number,
    right: number,
    bottom: number,
    colour: Colour,
    opacity: number,
    distance: (x: number, y: number) => number,
  ): void {
    for (let y = Math.max(0, Math.floor(top - 1)); y <= Math.min(this.height - 1, bottom + 1); y++) {
      for (let x = Math.max(0, Math.floor(left - 1)); x <= Math.min(this.width - 1, right + 1); x++) {
        const covered = Math.min(1, Math.max(0, 0.5 - distance(x + 0.5, y + 0.5)));
        if (covered > 0) this.#mix(x, y, colour, covered * opacity);
      }
    }
  }

  #mix(x: number, y: number, colour: Colour, share: number): void {
    const at = (y * this.width + x) * 3;
    for (const [n, part] of colour.entries()) {
      this.pixels[at + n] = (this.pixels[at + n] as number) * (1 - share) + part * share;
    }
  }
}

/** Numbers from 0 to 1 that are the same on every run. */
export function repeatable(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
