import { type Answer, storageError } from "./answers";

/** Serves a file as storage does: whole, or the part that a Range header asks for. */
export function resultAnswer(file: string, size: number, range: string | undefined): Answer {
  const headers = {
    "content-type": "application/json",
    "accept-ranges": "bytes",
    etag: `"${size.toString(16)}"`,
  };
  const wanted = /^bytes=(\d*)-(\d*)$/.exec(range ?? "");
  if (!wanted || (!wanted[1] && !wanted[2]))
    return { status: 200, headers, body: { file, start: 0, end: size } };
  const start = wanted[1] ? Number(wanted[1]) : Math.max(0, size - Number(wanted[2]));
  const end = wanted[1] && wanted[2] ? Math.min(size, Number(wanted[2]) + 1) : size;
  if (start >= end) {
    const refusal = storageError(416, "InvalidRange", "The requested range cannot be satisfied.");
    refusal.headers["content-range"] = `bytes */${size}`;
    return refusal;
  }
  return {
    status: 206,
    headers: { ...headers, "content-range": `bytes ${start}-${end - 1}/${size}` },
    body: { file, start, end },
  };
}
