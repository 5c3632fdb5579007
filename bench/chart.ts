import type { Point } from "./figures";

const size = { width: 760, height: 420 };
const plot = { left: 70, right: 600, top: 56, bottom: 360 };

const looks: Record<Point["series"], { colour: string; dash?: string; label: string }> = {
  "upload, core nodes": { colour: "#c2410c", label: "upload, core nodes" },
  "frames, core nodes": { colour: "#b45309", dash: "6 4", label: "frames, core nodes" },
  upload: { colour: "#6d28d9", label: "upload, this package" },
  frames: { colour: "#0f766e", dash: "6 4", label: "frames, this package" },
};

/** An SVG of peak memory over idle against the size of the video or result. */
export function chart(points: Point[]): string {
  const widest = roundUp(Math.max(...points.map((point) => point.size)), 200);
  const highest = roundUp(Math.max(...points.map((point) => point.memory ?? 0)), 500);
  const x = (megabytes: number) => plot.left + (megabytes / widest) * (plot.right - plot.left);
  const y = (megabytes: number) => plot.bottom - (megabytes / highest) * (plot.bottom - plot.top);
  const grid = [
    ...steps(highest, 500).map(
      (value) =>
        `<path class="grid" d="M${plot.left} ${y(value)}H${plot.right}"/><text x="${plot.left - 8}" y="${y(value) + 4}" text-anchor="end">${value.toLocaleString("en-US")}</text>`,
    ),
    ...steps(widest, 200).map(
      (value) =>
        `<text x="${x(value)}" y="${plot.bottom + 20}" text-anchor="middle">${value.toLocaleString("en-US")}</text>`,
    ),
  ];
  const labels = spread(
    (Object.keys(looks) as Point["series"][]).flatMap((series) => {
      const last = pointsOf(points, series).at(-1);
      return last ? [{ series, x: x(last.size), y: y(last.memory) }] : [];
    }),
  );
  const lines = labels.map(({ series, x: endX, y: endY, textY }) => {
    const { colour, dash, label } = looks[series];
    const drawn = pointsOf(points, series);
    const path = drawn.map((point) => `${round(x(point.size))} ${round(y(point.memory))}`).join("L");
    const failed = points.find((point) => point.series === series && point.memory === undefined);
    return [
      `<g stroke="${colour}" fill="${colour}">`,
      `<path class="line" d="M${path}"${dash ? ` stroke-dasharray="${dash}"` : ""}/>`,
      ...drawn.map(
        (point) => `<circle cx="${round(x(point.size))}" cy="${round(y(point.memory))}" r="3.5"/>`,
      ),
      `<path class="leader" d="M${round(endX + 6)} ${round(endY)}L${plot.right + 4} ${round(textY)}"/>`,
      `<text class="label" x="${plot.right + 8}" y="${round(textY + 4)}">${label}</text>`,
      failed
        ? `<text class="label" x="${plot.right + 8}" y="${round(textY + 19)}">(fails at ${Math.round(failed.size)} MB)</text>`
        : "",
      "</g>",
    ].join("");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="Peak memory over idle against size: this package stays flat, core nodes grow with the size">
<style>
text { font: 12px system-ui, sans-serif; fill: #475569; }
.title { font-size: 15px; font-weight: 600; fill: #0f172a; }
.grid { stroke: #e2e8f0; }
.line { fill: none; stroke-width: 2.5; }
.leader { fill: none; opacity: 0.35; }
.label { fill: inherit; stroke: none; }
</style>
<rect width="${size.width}" height="${size.height}" rx="8" fill="#ffffff"/>
<text class="title" x="${plot.left}" y="30">Memory that Node-RED needs above idle, MB</text>
${grid.join("\n")}
${lines.join("\n")}
<text x="${(plot.left + plot.right) / 2}" y="${plot.bottom + 44}" text-anchor="middle">size of the video or result, MB</text>
</svg>
`;
}

type Reached = Point & { memory: number };

const pointsOf = (points: Point[], series: Point["series"]): Reached[] =>
  points
    .filter((point): point is Reached => point.series === series && point.memory !== undefined)
    .sort((one, other) => one.size - other.size);

const apart = 34;

/** Moves labels away from each other, upwards from the lowest. */
function spread<T extends { y: number }>(labels: T[]): (T & { textY: number })[] {
  let below = Number.POSITIVE_INFINITY;
  return [...labels]
    .sort((one, other) => other.y - one.y)
    .map((label) => {
      const textY = Math.min(label.y, below - apart);
      below = textY;
      return { ...label, textY };
    });
}

const roundUp = (value: number, step: number) => Math.ceil(value / step) * step;
const steps = (end: number, step: number) =>
  Array.from({ length: end / step + 1 }, (_, index) => index * step);
const round = (value: number) => Math.round(value * 10) / 10;
