import type { Colour, Picture, Point } from "./painter";

/** Somebody or something that crosses the yard on a straight line. */
export interface Mover {
  /** Seconds of playback between which it is on its way, from outside the picture to outside the picture. */
  from: number;
  to: number;
  /** Where its middle stands at these times. */
  startX: number;
  endX: number;
  /** The ground under it: what stands lower in the picture is nearer and drawn later. */
  ground: number;
  paint(picture: Picture, x: number, seconds: number, direction: 1 | -1): void;
}

/** A person walks the drive, a cat crosses the lawn, a car passes, another person walks over the lawn. */
export const movers: Mover[] = [
  {
    ...{ from: 1, to: 6.6, startX: -25, endX: 665, ground: 246 },
    paint: (picture, x, seconds, direction) =>
      person(picture, [x, 246], 96, direction, seconds * 7, [176, 52, 48], [44, 52, 76]),
  },
  {
    ...{ from: 4.4, to: 8.4, startX: 680, endX: -40, ground: 318 },
    paint: (picture, x, seconds, direction) => cat(picture, [x, 318], direction, seconds * 13),
  },
  {
    ...{ from: 7.6, to: 11.4, startX: 750, endX: -110, ground: 256 },
    paint: (picture, x, seconds, direction) => car(picture, [x, 256], direction, seconds),
  },
  {
    ...{ from: 9.6, to: 14.2, startX: 672, endX: -32, ground: 342 },
    paint: (picture, x, seconds, direction) =>
      person(picture, [x, 342], 138, direction, seconds * 6.4, [232, 186, 62], [66, 62, 58]),
  },
];

const SKIN: Colour = [224, 176, 146];
const SHADE: Colour = [40, 46, 40];

/** @param step angle of the walk, radians; a step of each leg is one turn */
function person(
  picture: Picture,
  [x, ground]: Point,
  height: number,
  direction: 1 | -1,
  step: number,
  coat: Colour,
  trousers: Colour,
): void {
  const unit = height / 100;
  const bob = Math.abs(Math.sin(step)) * 2 * unit;
  const hip: Point = [x, ground - 47 * unit - bob];
  const neck: Point = [x + 2 * unit * direction, ground - 80 * unit - bob];
  picture.ellipse([x, ground], 20 * unit, 4 * unit, SHADE, 0.35);
  for (const side of [Math.PI, 0]) {
    const swing = Math.sin(step + side);
    const lift = Math.max(0, Math.cos(step + side)) * 6 * unit;
    const tone = side ? darker(trousers) : trousers;
    const knee: Point = [hip[0] + (swing * 9 + 3) * unit * direction, ground - 25 * unit - lift * 0.6];
    const foot: Point = [hip[0] + swing * 19 * unit * direction, ground - 3 * unit - lift];
    picture.limb(hip, knee, 6.6 * unit, tone, 5.4 * unit);
    picture.limb(knee, foot, 5.2 * unit, tone, 3.8 * unit);
    picture.limb(foot, [foot[0] + 7 * unit * direction, foot[1] + unit], 3 * unit, [36, 32, 30]);
    if (side) arm(picture, neck, unit, direction, -swing, darker(coat));
  }
  picture.limb([hip[0], hip[1] - 2 * unit], [neck[0], neck[1] + 9 * unit], 9.4 * unit, coat, 10 * unit);
  arm(picture, neck, unit, direction, -Math.sin(step), lighter(coat));
  const head: Point = [neck[0] + 2 * unit * direction, neck[1] - 9 * unit];
  picture.limb(neck, head, 4 * unit, SKIN);
  picture.ellipse(head, 7.2 * unit, 8.4 * unit, SKIN);
  picture.ellipse(
    [head[0] - 1.6 * unit * direction, head[1] - 3.4 * unit],
    7.4 * unit,
    6 * unit,
    [58, 42, 34],
  );
}

function arm(
  picture: Picture,
  neck: Point,
  unit: number,
  direction: 1 | -1,
  swing: number,
  colour: Colour,
): void {
  const shoulder: Point = [neck[0], neck[1] + 6 * unit];
  const elbow: Point = [shoulder[0] + swing * 9 * unit, shoulder[1] + 17 * unit];
  const hand: Point = [elbow[0] + (swing * 8 + 4 * direction) * unit, elbow[1] + 14 * unit];
  picture.limb(shoulder, elbow, 4.4 * unit, colour, 3.8 * unit);
  picture.limb(elbow, hand, 3.6 * unit, colour, 3 * unit);
  picture.ellipse(hand, 3.2 * unit, 3.2 * unit, SKIN);
}

function cat(picture: Picture, [x, ground]: Point, direction: 1 | -1, step: number): void {
  const fur: Colour = [52, 46, 44];
  const at = (dx: number, dy: number): Point => [x + dx * direction, ground + dy + Math.sin(step * 2)];
  picture.ellipse([x, ground + 1], 26, 4, SHADE, 0.35);
  for (const [dx, side] of [
    [-17, 0],
    [-13, Math.PI],
    [15, Math.PI],
    [19, 0],
  ] as const) {
    const swing = Math.sin(step + side) * 8;
    picture.limb(at(dx, -15), [x + (dx + swing) * direction, ground - 1], 3.6, side ? darker(fur) : fur, 2.6);
  }
  picture.limb(at(-16, -18), at(17, -19), 8, fur, 8.6);
  picture.limb(at(-22, -20), at(-35, -31 + Math.sin(step / 2) * 3), 2.8, fur, 2.2);
  picture.ellipse(at(29, -27), 8.4, 7.4, fur);
  picture.polygon([at(22, -31), at(24, -41), at(28, -33)], fur);
  picture.polygon([at(29, -33), at(33, -41), at(35, -30)], fur);
  picture.ellipse(at(33, -28), 1.3, 1.5, [210, 206, 90]);
  picture.ellipse(at(24, -17), 4.6, 5, [214, 208, 200]);
}

function car(picture: Picture, [x, ground]: Point, direction: 1 | -1, seconds: number): void {
  const paint: Colour = [48, 92, 158];
  const at = (dx: number, dy: number): Point => [x + dx * direction, ground + dy];
  picture.ellipse([x, ground + 3], 94, 7, SHADE, 0.4);
  picture.polygon([at(-62, -34), at(-46, -62), at(16, -62), at(44, -34)], paint);
  picture.polygon([at(-54, -35), at(-42, -57), at(-16, -57), at(-16, -35)], [176, 204, 216]);
  picture.polygon([at(-11, -35), at(-11, -57), at(13, -57), at(35, -35)], [176, 204, 216]);
  picture.polygon(
    [at(-88, -12), at(-88, -30), at(-62, -37), at(44, -37), at(84, -29), at(90, -22), at(90, -12)],
    paint,
  );
  picture.limb(at(-84, -14), at(86, -14), 3, darker(paint));
  picture.limb(at(-13.5, -34), at(-13.5, -16), 0.7, darker(paint));
  picture.ellipse(at(85, -24), 4, 3.2, [250, 244, 206]);
  picture.ellipse(at(-86, -27), 2.4, 4, [196, 44, 40]);
  for (const dx of [-55, 54]) {
    const hub = at(dx, -11);
    picture.ellipse(hub, 15, 15, [30, 30, 32]);
    picture.ellipse(hub, 8.6, 8.6, [170, 172, 176]);
    for (let spoke = 0; spoke < 5; spoke++) {
      const angle = seconds * 12 * direction + (spoke * Math.PI * 2) / 5;
      picture.limb(hub, [hub[0] + Math.cos(angle) * 7.4, hub[1] + Math.sin(angle) * 7.4], 1.1, [84, 86, 90]);
    }
  }
}

function darker(colour: Colour): Colour {
  return colour.map((part) => part * 0.72) as Colour;
}

function lighter(colour: Colour): Colour {
  return colour.map((part) => Math.min(255, part * 1.1)) as Colour;
}
