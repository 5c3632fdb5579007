import { readFileSync } from "node:fs";
import path from "node:path";
import type { FlowNode } from "./node-red";

/**
 * Where Node-RED's editor draws the nodes and wires of a flow, computed as the editor does: sizes from the width of the
 * labels (in Helvetica or what looks like it, 14 px), wires as Bézier curves between the ports.
 */

export interface Point {
  x: number;
  y: number;
}

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface Wire {
  from: FlowNode;
  output: number;
  to: FlowNode;
  /** Points of the curve, close together. */
  points: Point[];
}

/** Widths of printable ASCII in Helvetica, from the space on, in thousandths of the font size. */
const widths = [
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
  556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
  500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
  556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
  278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
const fontSize = 14;
const nodeHeight = 30;
const nodeWidth = 100;
/** Between two ports of a node. */
const portGap = 13;
/** How far the button of an inject or debug node stands out. */
const button = 25;

const textWidth = (text: string) =>
  [...text].reduce((sum, letter) => sum + ((widths[letter.charCodeAt(0) - 32] ?? 1000) * fontSize) / 1000, 0);

/** The label in an editor of a language. */
export function labelOf(node: FlowNode, language = "en-US"): string {
  const isOurs = node.type.startsWith("roboflow-video-");
  if (node.name || !isOurs) return node.type === "inject" ? injectLabel(node) : String(node.name ?? "");
  const catalogue = path.join(
    __dirname,
    "../../nodes/locales",
    language,
    `${node.type.slice("roboflow-video-".length)}.json`,
  );
  return JSON.parse(readFileSync(catalogue, "utf8")).label.node;
}

/** One that presses itself has a sign behind its name. */
const injectLabel = ({ name, repeat, crontab, once }: FlowNode) =>
  `${name ?? ""}${repeat || crontab ? " \u21bb" : ""}${once ? " \u00b9" : ""}`;

const outputsOf = ({ wires }: FlowNode) => (wires as string[][] | undefined) ?? [];

/** The nodes that lie on a tab or in a subflow: no tab, no config node. */
export const placedNodes = (flow: FlowNode[]) =>
  flow.filter(({ z, x, y }) => z !== undefined && x !== undefined && y !== undefined);

/** The rectangle of a node, without its button, in an editor of a language. */
export function bodyOf(node: FlowNode, language?: string): Box {
  const hasInput = ![
    "inject",
    "comment",
    "catch",
    "status",
    "complete",
    "mqtt in",
    "http in",
    "link in",
  ].includes(node.type);
  if (node.type.startsWith("link ")) {
    // Shown as a square, without its label.
    const side = nodeHeight / 2;
    const [x, y] = [Number(node.x), Number(node.y)];
    return { left: x - side, right: x + side, top: y - side, bottom: y + side };
  }
  const room =
    textWidth(labelOf(node, language)) + 50 + (hasInput && node.type !== "roboflow-video-folder" ? 7 : 0);
  const width = Math.max(nodeWidth, 20 * Math.ceil(room / 20));
  const height = Math.max(nodeHeight, outputsOf(node).length * 15);
  const [x, y] = [Number(node.x), Number(node.y)];
  return { left: x - width / 2, right: x + width / 2, top: y - height / 2, bottom: y + height / 2 };
}

/** The rectangle of a node with its button, in an editor of a language. */
export function boxOf(node: FlowNode, language?: string): Box {
  const body = bodyOf(node, language);
  if (node.type === "inject") return { ...body, left: body.left - button };
  if (node.type === "debug") return { ...body, right: body.right + button };
  return body;
}

/** All wires between the nodes of a flow. */
export function wiresOf(flow: FlowNode[]): Wire[] {
  const byId = new Map(flow.map((node) => [node.id, node]));
  return placedNodes(flow).flatMap((from) =>
    outputsOf(from).flatMap((targets, output) =>
      targets.map((id) => {
        const to = byId.get(id) as FlowNode;
        return { from, output, to, points: curve(outputPort(from, output), inputPort(to)) };
      }),
    ),
  );
}

function outputPort(node: FlowNode, output: number): Point {
  const first = -((outputsOf(node).length - 1) / 2) * portGap;
  return { x: bodyOf(node).right, y: Number(node.y) + first + output * portGap };
}

const inputPort = (node: FlowNode): Point => ({ x: bodyOf(node).left, y: Number(node.y) });

/** A wire of Node-RED's editor: forward one curve, back to the left in a loop between the rows. */
function curve(from: Point, to: Point): Point[] {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  if (dx > 0) {
    const length = Math.hypot(dx, dy);
    const scale = length < nodeWidth ? 0.75 - 0.75 * ((nodeWidth - length) / nodeWidth) : 0.75;
    return bezier(
      from,
      { x: from.x + nodeWidth * scale, y: from.y },
      { x: to.x - nodeWidth * scale, y: to.y },
      to,
    );
  }
  const middle = { x: Math.floor(to.x - dx / 2), y: Math.floor(to.y - dy / 2) };
  if (Math.abs(dy) < 10) return loopBelow(from, to);
  const scale = 0.4 - 0.2 * (Math.max(0, nodeWidth - Math.min(Math.abs(dx), Math.abs(dy))) / nodeWidth);
  const [half, down] = [nodeHeight / 2, dy > 0];
  const later = down ? Math.max : Math.min;
  const sooner = down ? Math.min : Math.max;
  const sign = down ? 1 : -1;
  const quarter = (to.y + middle.y) / 2;
  const top = { x: from.x + nodeWidth * scale, y: sooner(quarter - dy / 2, from.y + sign * half) };
  const bottom = { x: to.x - nodeWidth * scale, y: later(quarter, to.y - sign * half) };
  const x1 = (from.x + top.x) / 2;
  const intoTop = { x: top.x, y: later(from.y, top.y - sign * half) };
  const intoMiddle = { x: x1, y: sooner(middle.y, top.y + sign * half) };
  const intoBottom = { x: bottom.x, y: later(middle.y, bottom.y - sign * half) };
  if (intoMiddle.y === top.y + sign * half) {
    if (Math.abs(dy) < half * 10) {
      intoTop.y = top.y - (sign * half) / 2;
      intoBottom.y = bottom.y - (sign * half) / 2;
    }
    intoMiddle.x = top.x;
  }
  const mirrored = (at: Point, control: Point) => ({ x: 2 * at.x - control.x, y: 2 * at.y - control.y });
  return [
    ...bezier(from, { x: x1, y: from.y }, intoTop, top),
    ...bezier(top, mirrored(top, intoTop), intoMiddle, middle),
    ...bezier(middle, mirrored(middle, intoMiddle), intoBottom, bottom),
    ...bezier(bottom, mirrored(bottom, intoBottom), { x: (to.x + bottom.x) / 2, y: to.y }, to),
  ];
}

/** Back to a node of the same row: under both. */
function loopBelow(from: Point, to: Point): Point[] {
  const below = Math.max(from.y, to.y) + 25;
  const corners = [
    from,
    { x: from.x + 25, y: from.y },
    { x: from.x + 25, y: below },
    { x: to.x - 25, y: below },
    { x: to.x - 25, y: to.y },
    to,
  ];
  return corners.slice(1).flatMap((corner, index) => {
    const start = corners[index] as Point;
    return bezier(start, start, corner, corner);
  });
}

function bezier(start: Point, first: Point, second: Point, end: Point): Point[] {
  const steps = 40;
  return Array.from({ length: steps + 1 }, (_, step) => {
    const t = step / steps;
    const u = 1 - t;
    const at = (key: keyof Point) =>
      u ** 3 * start[key] + 3 * u * u * t * first[key] + 3 * u * t * t * second[key] + t ** 3 * end[key];
    return { x: at("x"), y: at("y") };
  });
}

/** Whether two rectangles come closer to each other than `gap`. */
export const isNear = (one: Box, other: Box, gap: number) =>
  one.left - gap < other.right &&
  other.left - gap < one.right &&
  one.top - gap < other.bottom &&
  other.top - gap < one.bottom;

/** Whether a wire runs over a rectangle. */
export const runsOver = ({ points }: Wire, box: Box) =>
  points.some(({ x, y }) => x > box.left && x < box.right && y > box.top && y < box.bottom);

/** Whether two wires cross: those that leave one output or reach one input meet there, which is no crossing. */
export function doCross(one: Wire, other: Wire): boolean {
  if (one.from === other.from && one.output === other.output) return false;
  const meeting = one.to === other.to ? inputPort(one.to) : undefined;
  const isMeeting = ({ x, y }: Point) =>
    meeting !== undefined && Math.hypot(x - meeting.x, y - meeting.y) < 60;
  const pieces = (wire: Wire) =>
    wire.points.slice(1).map((end, index) => [wire.points[index] as Point, end] as const);
  return pieces(one).some(([a, b]) =>
    isMeeting(a)
      ? false
      : pieces(other).some(([c, d]) => side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b)),
  );
}

const side = (a: Point, b: Point, c: Point) =>
  Math.sign((b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x));
