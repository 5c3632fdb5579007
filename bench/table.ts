import { type Figure, isMet } from "./figures";

const headings = ["work", "figure", "measured", "target", "", "against"];

/** The figures as a table in Markdown, which reads well in a terminal too. */
export function table(figures: Figure[]): string {
  let last = "";
  const rows = figures.map((figure) => {
    const { work, target, unit, against = "" } = figure;
    const shown = work === last ? "" : work;
    last = work;
    const met = isMet(figure);
    return [
      shown,
      figure.figure,
      `${rounded(figure.value)} ${unit}`,
      target === undefined ? "" : `≤ ${target} ${unit}`,
      met === undefined ? "" : met ? "met" : "NOT MET",
      against,
    ];
  });
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] as string).length)),
  );
  const line = (cells: string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] as number)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(headings), rule, ...rows.map(line)].join("\n");
}

/** Three digits say all there is to say. */
export function rounded(value: number): string {
  if (value === 0 || Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}
