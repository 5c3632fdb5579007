/** What the page's address names: a clip, and a moment in it. */
export interface Named {
  clip: string | undefined;
  /** Seconds. */
  time: number | undefined;
}

/** Reads `#t=12.4`, `#clip=ID&t=12.4`, or the ID of a clip alone. */
export function readAddress(hash: string): Named {
  const text = hash.replace(/^#/, "");
  const fields = new URLSearchParams(text);
  const time = Number(fields.get("t") ?? Number.NaN);
  if (fields.has("clip") || fields.has("t"))
    return {
      clip: fields.get("clip") || undefined,
      time: Number.isFinite(time) && time >= 0 ? time : undefined,
    };
  try {
    return { clip: decodeURIComponent(text) || undefined, time: undefined };
  } catch {
    return { clip: undefined, time: undefined };
  }
}

/** The part of an address behind the `#`. */
export function addressOf({ clip, time }: Named): string {
  const fields = new URLSearchParams();
  if (clip !== undefined) fields.set("clip", clip);
  if (time !== undefined) fields.set("t", String(Math.round(time * 10) / 10));
  return `#${fields}`;
}
