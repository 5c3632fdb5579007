import type { Summary } from "../data";

/** Told apart from each other, and from most of what cameras see; dark text can be read on all of them. */
const palette = [
  "#ffb000",
  "#38b6ff",
  "#ff6f91",
  "#45d483",
  "#b794ff",
  "#ff8a3d",
  "#2fd6d0",
  "#f5e13b",
  "#ff8fe0",
  "#a8d930",
];

/** The colour of a row: by model when there are several, else by class. */
export function colourOf({ models, tracks }: Pick<Summary, "models" | "tracks">, track: number): string {
  const at = models.length > 1 ? (tracks[track]?.model ?? 0) : track;
  return palette[at % palette.length] as string;
}
