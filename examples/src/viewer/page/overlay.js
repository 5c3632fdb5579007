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
].map((pair) => pair.split(" "));

/**
 * Draws what was seen in a frame.
 *
 * @param {CanvasRenderingContext2D} pen
 * @param seen what to draw: `box`, `points`, `keypoints`, `gaze` in pixels of the image; `colour`, `label`
 * @param image its width and height
 * @param sharp device pixels per CSS pixel
 */
export function draw(pen, seen, image, sharp) {
  const { width, height } = pen.canvas;
  pen.clearRect(0, 0, width, height);
  pen.lineJoin = "round";
  pen.lineCap = "round";
  const across = width / image.width;
  const down = height / image.height;
  const place = ([x, y]) => [x * across, y * down];
  for (const one of seen) {
    const { points, box, keypoints, gaze, colour } = one;
    if (points?.length > 2) outline(pen, points.map(place), colour, sharp, true);
    else if (box) outline(pen, cornersOf(box).map(place), colour, sharp, false);
    if (keypoints) skeleton(pen, keypoints, place, colour, sharp);
    if (gaze && box) arrow(pen, box, gaze, place, colour, sharp);
  }
  // On top of all shapes, so that they can be read.
  const size = width / sharp < 500 ? 10 : 12;
  const written = [];
  for (const one of seen) if (one.label && one.box) label(pen, one, place, size * sharp, written);
}

const cornersOf = ([left, top, width, height]) => [
  [left, top],
  [left + width, top],
  [left + width, top + height],
  [left, top + height],
];

/** A line in its colour on a darker one: seen on snow and at night. */
function stroke(pen, colour, sharp) {
  pen.strokeStyle = "rgba(0, 0, 0, 0.55)";
  pen.lineWidth = 4.5 * sharp;
  pen.stroke();
  pen.strokeStyle = colour;
  pen.lineWidth = 2.5 * sharp;
  pen.stroke();
}

function outline(pen, corners, colour, sharp, filled) {
  pen.beginPath();
  for (const [x, y] of corners) pen.lineTo(x, y);
  pen.closePath();
  if (filled) {
    pen.globalAlpha = 0.28;
    pen.fillStyle = colour;
    pen.fill();
    pen.globalAlpha = 1;
  }
  stroke(pen, colour, sharp);
}

function skeleton(pen, keypoints, place, colour, sharp) {
  const byName = new Map(keypoints.map((point) => [point[3], point]));
  for (const [from, to] of limbs) {
    const [one, other] = [byName.get(from), byName.get(to)];
    if (!one || !other) continue;
    pen.beginPath();
    pen.moveTo(...place(one));
    pen.lineTo(...place(other));
    stroke(pen, colour, sharp);
  }
  for (const point of keypoints) {
    pen.globalAlpha = Math.max(0.3, point[2] ?? 1);
    pen.beginPath();
    pen.arc(...place(point), 4 * sharp, 0, 2 * Math.PI);
    pen.fillStyle = colour;
    pen.strokeStyle = "rgba(0, 0, 0, 0.7)";
    pen.lineWidth = 1.5 * sharp;
    pen.fill();
    pen.stroke();
    pen.globalAlpha = 1;
  }
}

/** Where a face looks: yaw to the side, pitch up or down, in radians. */
function arrow(pen, [left, top, width, height], [yaw, pitch], place, colour, sharp) {
  const [x, y] = [left + width / 2, top + height / 2];
  pen.beginPath();
  pen.moveTo(...place([x, y]));
  pen.lineTo(
    ...place([x - 1.5 * width * Math.sin(yaw) * Math.cos(pitch), y - 1.5 * width * Math.sin(pitch)]),
  );
  stroke(pen, colour, sharp);
}

/** Above its box; within it where there is no room above; higher where another one stands already. */
function label(pen, { box, colour, label: text }, place, size, written) {
  const [left, top] = place(box);
  pen.font = `600 ${size}px system-ui, sans-serif`;
  pen.textBaseline = "middle";
  const height = 1.5 * size;
  const width = pen.measureText(text).width + 0.8 * size;
  const edge = 0.1 * size;
  const x = Math.max(0, Math.min(left - edge, pen.canvas.width - width));
  const above = top - height - edge;
  let y = above >= 0 ? above : Math.max(0, top);
  const covers = (other) =>
    Math.abs(other.y - y) < height && x < other.x + other.width && other.x < x + width;
  for (let lines = 0; lines < 4 && y >= height && written.some(covers); lines++) y -= height;
  written.push({ x, y, width });
  pen.fillStyle = colour;
  pen.beginPath();
  pen.roundRect(x, y, width, height, 0.25 * size);
  pen.fill();
  pen.fillStyle = "#111";
  pen.fillText(text, x + 0.4 * size, y + 0.54 * height);
}
