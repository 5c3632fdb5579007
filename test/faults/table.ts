/** Lays cells named `ROW COLUMN` out as text, a line for each column: there are many more of those. */
export function asTable(rows: string[], columns: string[], cells: ReadonlyMap<string, string>): string {
  const lines = [
    ["", ...rows],
    ...columns.map((column) => [column, ...rows.map((row) => cells.get(`${row} ${column}`) ?? "–")]),
  ];
  const widths = lines[0]?.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0))) ?? [];
  return lines
    .map((line) =>
      line
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
