import { type Colour, Picture, type Point, repeatable } from "./painter";

export const WIDTH = 640;
export const HEIGHT = 360;

/** The yard with nobody in it: sky, trees, fence, house, drive and lawn. */
export function paintYard(): Picture {
  const picture = new Picture(WIDTH, HEIGHT);
  const chance = repeatable(7);
  picture.fill((_, y) => blend([142, 184, 224], [222, 232, 238], y / 120), 0, 0, WIDTH, 130);
  cloud(picture, [420, 34], 1);
  cloud(picture, [560, 58], 0.7);
  for (let x = 230; x < WIDTH + 20; x += 13) {
    const green: Colour = [70 + chance() * 22, 104 + chance() * 26, 62 + chance() * 14];
    picture.ellipse([x + chance() * 8, 116 + chance() * 14], 18 + chance() * 12, 20 + chance() * 16, green);
  }
  fence(picture, chance);
  lawn(picture, chance);
  drive(picture, chance);
  house(picture, chance);
  picture.limb([560, 216], [560, 74], 2.4, [62, 66, 70]);
  picture.limb([560, 76], [540, 70], 2, [62, 66, 70]);
  picture.box(528, 67, 546, 74, [238, 230, 190], 3);
  for (const [x, y, size] of [
    [262, 196, 17],
    [286, 201, 13],
    [604, 198, 20],
    [630, 203, 16],
  ] as const) {
    picture.ellipse([x, y], size * 1.2, size, [58, 96, 52]);
    picture.ellipse([x - size * 0.3, y - size * 0.3], size * 0.7, size * 0.5, [82, 124, 68]);
  }
  return picture;
}

function fence(picture: Picture, chance: () => number): void {
  // What shows between the planks.
  picture.box(226, 134, WIDTH, 206, [62, 66, 48]);
  for (let x = 232; x < WIDTH; x += 14) {
    const tone = chance() * 16;
    picture.polygon(
      [
        [x, 204],
        [x, 142],
        [x + 6, 136],
        [x + 12.5, 142],
        [x + 12.5, 204],
      ],
      [150 + tone, 120 + tone, 86 + tone],
    );
  }
  picture.box(230, 152, WIDTH, 157, [132, 102, 72]);
  picture.box(230, 188, WIDTH, 193, [128, 98, 68]);
}

function lawn(picture: Picture, chance: () => number): void {
  picture.fill(
    (x, y) => {
      const stripe = Math.sin((x + y * 1.6) / 34) * 4;
      const blade = (chance() - 0.5) * 12;
      const near = (y - 260) / 100;
      return [92 - near * 12 + stripe + blade, 136 - near * 18 + stripe + blade, 70 - near * 10 + blade];
    },
    0,
    198,
    WIDTH,
    HEIGHT,
  );
}

function drive(picture: Picture, chance: () => number): void {
  picture.fill(
    (_, y) => {
      const stone = (chance() - 0.5) * 10;
      const tone = 168 + (y - 208) * 0.25 + stone;
      return [tone, tone - 3, tone - 9];
    },
    0,
    208,
    WIDTH,
    266,
  );
  picture.box(0, 205, WIDTH, 209, [138, 136, 130]);
  picture.box(0, 264, WIDTH, 268, [146, 144, 138]);
  for (let x = 40; x < WIDTH; x += 96) picture.limb([x, 210], [x - 22, 264], 0.6, [146, 142, 134]);
}

function house(picture: Picture, chance: () => number): void {
  picture.box(-10, 26, 226, 208, [176, 112, 88]);
  for (let row = 0; row * 8 + 28 < 206; row++) {
    for (let x = (row % 2) * -9; x < 226; x += 18) {
      const tone = (chance() - 0.5) * 22;
      const [left, top] = [Math.max(0, x), 28 + row * 8];
      const right = Math.min(225, x + 16.5);
      if (right > left)
        picture.box(left, top, right, top + 6.6, [178 + tone, 110 + tone * 0.8, 86 + tone * 0.7], 1);
    }
  }
  picture.polygon(
    [
      [-10, 8],
      [236, 8],
      [248, 34],
      [-10, 34],
    ],
    [92, 82, 80],
  );
  picture.box(-10, 32, 246, 37, [232, 228, 218]);
  picture.box(216, 37, 222, 206, [222, 220, 212], 2);
  windowAt(picture, 30, 74, 104, 142);
  picture.box(138, 104, 190, 208, [236, 232, 222]);
  picture.box(143, 109, 185, 208, [46, 84, 96], 1);
  picture.box(150, 116, 178, 148, [150, 186, 196], 2);
  picture.ellipse([179, 166], 2.4, 2.4, [216, 190, 110]);
  picture.box(132, 204, 196, 212, [178, 174, 166], 1);
}

function windowAt(picture: Picture, left: number, top: number, right: number, bottom: number): void {
  picture.box(left - 5, top - 5, right + 5, bottom + 5, [238, 234, 226], 1);
  picture.fill(
    (x, y) => blend([84, 112, 134], [156, 184, 198], (x - left + y - top) / 140),
    left,
    top,
    right,
    bottom,
  );
  const middle = (left + right) / 2;
  picture.box(middle - 2, top, middle + 2, bottom, [238, 234, 226]);
  picture.box(left, (top + bottom) / 2 - 1.5, right, (top + bottom) / 2 + 1.5, [238, 234, 226]);
  picture.box(left - 9, bottom + 4, right + 9, bottom + 10, [206, 200, 190], 1);
}

function cloud(picture: Picture, [x, y]: Point, size: number): void {
  for (const [dx, dy, across, down] of [
    [0, 0, 46, 13],
    [-24, -7, 22, 13],
    [8, -12, 26, 16],
    [32, -4, 20, 11],
  ] as const) {
    picture.ellipse([x + dx * size, y + dy * size], across * size, down * size, [246, 248, 250], 0.8);
  }
}

function blend(from: Colour, to: Colour, share: number): Colour {
  const at = Math.min(1, Math.max(0, share));
  return [0, 1, 2].map((n) => (from[n] as number) * (1 - at) + (to[n] as number) * at) as Colour;
}
