import type { Box, Keypoint, Shape } from "../data";

/** What is drawn of one detection. */
export interface Drawn {
  box: Box | null;
  shape?: Shape | undefined;
  colour: string;
  /** Empty where labels are off. */
  label: string;
}

type Place = [x: number, y: number];
type Pen = CanvasRenderingContext2D;

/** How pixels of the image become pixels of the canvas. */
interface Scale {
  place(point: Place): Place;
  /** Device pixels per CSS pixel. */
  sharp: number;
}

/** Keypoints of a person, by the names that pose models give them: pairs that a line joins. */
const limbs = [
  "left_shoulder right_shoulder",
  "left_hip right_hip",
  ...["left", "right"].flatMap((side) => [
    `${side}_shoulder ${side}_elbow`,
    `${side}_elbow ${side}_wrist`,
    `${side}_shoulder ${side}_hip`,
    `${side}_hip ${side}_knee`,
    `${side}_knee ${side}_ankle`,
    `${side}_ear ${side}_eye`,
    `${side}_eye nose`,
  ]),
].map((pair) => pair.split(" ") as [string, string]);

/**
 * Draws what was seen in a frame.
 *
 * @param image its width and height, which detections are measured in
 * @param sharp device pixels per CSS pixel
 * @param keep whether what the canvas shows stays below
 */
export function draw(
  pen: Pen,
  seen: readonly Drawn[],
  image: { width: number; height: number },
  { sharp, keep = false }: { sharp: number; keep?: boolean },
): void {
  const { width, height } = pen.canvas;
  if (!keep) pen.clearRect(0, 0, width, height);
  pen.lineJoin = "round";
  pen.lineCap = "round";
  const across = width / image.width;
  const down = height / image.height;
  const scale: Scale = { place: ([x, y]) => [x * across, y * down], sharp };
  for (const { shape = {}, box, colour } of seen) {
    const { points, keypoints, gaze } = shape;
    if (points && points.length > 2) outline(pen, points, colour, scale, true);
    else if (box) outline(pen, cornersOf(box), colour, scale, false);
    if (keypoints) skeleton(pen, keypoints, colour, scale);
    if (gaze && box) arrow(pen, box, gaze, colour, scale);
  }
  // On top of all shapes, so that they can be read.
  const size = (width / sharp < 500 ? 10 : 12) * sharp;
  const written: { x: number; y: number; width: number }[] = [];
  for (const { label, box, colour } of seen)
    if (label && box) writeLabel(pen, { label, box, colour }, scale, size, written);
}

function cornersOf([x, y, width, height]: Box): Place[] {
  const [left, top] = [x - width / 2, y - height / 2];
  return [
    [left, top],
    [left + width, top],
    [left + width, top + height],
    [left, top + height],
  ];
}

/** A line in its colour on a darker one: seen on snow and at night. */
function stroke(pen: Pen, colour: string, sharp: number): void {
  pen.strokeStyle = "rgba(0, 0, 0, 0.55)";
  pen.lineWidth = 4.5 * sharp;
  pen.stroke();
  pen.strokeStyle = colour;
  pen.lineWidth = 2.5 * sharp;
  pen.stroke();
}

function outline(pen: Pen, corners: Place[], colour: string, { place, sharp }: Scale, filled: boolean): void {
  pen.beginPath();
  for (const corner of corners) pen.lineTo(...place(corner));
  pen.closePath();
  if (filled) {
    pen.globalAlpha = 0.28;
    pen.fillStyle = colour;
    pen.fill();
    pen.globalAlpha = 1;
  }
  stroke(pen, colour, sharp);
}

function skeleton(pen: Pen, keypoints: Keypoint[], colour: string, { place, sharp }: Scale): void {
  const byName = new Map(keypoints.map((point) => [point.name, point]));
  const at = ({ x, y }: Keypoint): Place => place([x, y]);
  for (const [from, to] of limbs) {
    const [one, other] = [byName.get(from), byName.get(to)];
    if (!one || !other) continue;
    pen.beginPath();
    pen.moveTo(...at(one));
    pen.lineTo(...at(other));
    stroke(pen, colour, sharp);
  }
  for (const point of keypoints) {
    pen.globalAlpha = Math.max(0.3, Math.min(1, point.confidence ?? 1));
    pen.beginPath();
    pen.arc(...at(point), 4 * sharp, 0, 2 * Math.PI);
    pen.fillStyle = colour;
    pen.strokeStyle = "rgba(0, 0, 0, 0.7)";
    pen.lineWidth = 1.5 * sharp;
    pen.fill();
    pen.stroke();
    pen.globalAlpha = 1;
  }
}

/** Where a face looks: yaw to the side, pitch up or down, in radians. */
function arrow(
  pen: Pen,
  [x, y, width]: Box,
  [yaw, pitch]: [number, number],
  colour: string,
  { place, sharp }: Scale,
): void {
  pen.beginPath();
  pen.moveTo(...place([x, y]));
  const tip: Place = [x - 1.5 * width * Math.sin(yaw) * Math.cos(pitch), y - 1.5 * width * Math.sin(pitch)];
  pen.lineTo(...place(tip));
  stroke(pen, colour, sharp);
}

/** Above its box; within it where there is no room above; higher where another one stands already. */
function writeLabel(
  pen: Pen,
  { box: [x, y, boxWidth, boxHeight], colour, label }: { box: Box; colour: string; label: string },
  { place }: Scale,
  size: number,
  written: { x: number; y: number; width: number }[],
): void {
  const [left, top] = place([x - boxWidth / 2, y - boxHeight / 2]);
  pen.font = `600 ${size}px system-ui, sans-serif`;
  pen.textBaseline = "middle";
  const height = 1.5 * size;
  const width = pen.measureText(label).width + 0.8 * size;
  const edge = 0.1 * size;
  const at = Math.max(0, Math.min(left - edge, pen.canvas.width - width));
  const above = top - height - edge;
  let line = above >= 0 ? above : Math.max(0, top);
  const covers = (other: { x: number; y: number; width: number }) =>
    Math.abs(other.y - line) < height && at < other.x + other.width && other.x < at + width;
  for (let lines = 0; lines < 4 && line >= height && written.some(covers); lines++) line -= height;
  written.push({ x: at, y: line, width });
  pen.fillStyle = colour;
  pen.beginPath();
  pen.roundRect(at, line, width, height, 0.25 * size);
  pen.fill();
  pen.fillStyle = "#111";
  pen.fillText(label, at + 0.4 * size, line + 0.54 * height);
}
