/** Containers that are known here; `mov`, `m4v`, `3gp` and `mpegts` are rewritten before they are sent. */
export type Container = "mp4" | "mov" | "m4v" | "3gp" | "mkv" | "webm" | "avi" | "mpegts";

/** What a file that is no video for us seems to be. */
export type Lookalike =
  | "empty"
  | "jpeg"
  | "png"
  | "gif"
  | "heic"
  | "webp"
  | "pdf"
  | "zip"
  | "gzip"
  | "webPage"
  | "xml"
  | "json"
  | "text"
  | "mpegProgramStream"
  | "hikvision"
  | "dahua"
  | "rawH264"
  | "rawH265"
  | "mpegVideo"
  | "flv"
  | "wmv"
  | "ogg"
  | "audio"
  | "zeros"
  | "unknown";

/** Bytes from the start of a file that `identify` wants; fewer where the file is shorter. */
export const headSize = 1024;

/** What a file is, by its first bytes. */
export function identify(head: Buffer): { container: Container } | { seems: Lookalike } {
  const container = containerOf(head);
  return container ? { container } : { seems: lookalike(head) };
}

const latin1 = (head: Buffer, from: number, to: number) => head.toString("latin1", from, to);
const startsWith = (head: Buffer, ...bytes: number[]) => bytes.every((byte, index) => head[index] === byte);

function containerOf(head: Buffer): Container | undefined {
  const box = latin1(head, 4, 8);
  if (box === "ftyp") return brandOf(latin1(head, 8, 12));
  // QuickTime began without a brand in front, mp4 never did; segments of a stream have one of their own.
  if (["moov", "mdat", "wide", "free", "skip"].includes(box)) return "mov";
  if (box === "styp") return "mp4";
  if (startsWith(head, 0x1a, 0x45, 0xdf, 0xa3)) return latin1(head, 0, 64).includes("webm") ? "webm" : "mkv";
  if (latin1(head, 0, 4) === "RIFF" && latin1(head, 8, 12) === "AVI ") return "avi";
  return isTransportStream(head) ? "mpegts" : undefined;
}

function brandOf(brand: string): Container | undefined {
  if (brand === "qt  ") return "mov";
  if (brand.startsWith("M4V")) return "m4v";
  if (brand.startsWith("3g")) return "3gp";
  const isPictureOrSound = /^(?:heic|heix|hevc|mif1|msf1|avif|avis|crx |M4A |M4B |M4P )$/.test(brand);
  return isPictureOrSound ? undefined : "mp4";
}

/** Packets of 188 bytes that begin with 0x47; four bytes of time stand before each in the kind that cameras for tape write. */
function isTransportStream(head: Buffer): boolean {
  return [
    { first: 0, step: 188 },
    { first: 4, step: 192 },
  ].some(({ first, step }) => {
    let packets = 0;
    for (let at = first; at < head.length; at += step) {
      if (head[at] !== 0x47) return false;
      packets += 1;
    }
    return packets >= 3;
  });
}

/** Beginnings of files, most telling first. */
const beginnings: [Lookalike, (head: Buffer, text: string) => boolean][] = [
  ["jpeg", (head) => startsWith(head, 0xff, 0xd8, 0xff)],
  ["png", (head) => startsWith(head, 0x89, 0x50, 0x4e, 0x47)],
  ["gif", (_, text) => text.startsWith("GIF8")],
  ["webp", (_, text) => text.startsWith("RIFF") && text.slice(8, 12) === "WEBP"],
  ["heic", (_, text) => /^....ftyp(?:heic|heix|hevc|mif1|msf1|avif|avis|crx )/s.test(text)],
  ["audio", (_, text) => /^....ftypM4[ABP] /s.test(text) || /^(?:ID3|fLaC|RIFF....WAVE)/s.test(text)],
  ["pdf", (_, text) => text.startsWith("%PDF")],
  ["zip", (_, text) => text.startsWith("PK\x03\x04")],
  ["gzip", (head) => startsWith(head, 0x1f, 0x8b)],
  // Recorders put a header of their own before what is an MPEG program stream from there on.
  ["hikvision", (_, text) => text.startsWith("IMKH")],
  ["dahua", (_, text) => text.startsWith("DHAV") || text.startsWith("DAHUA")],
  ["mpegProgramStream", (head) => startsWith(head, 0, 0, 1, 0xba)],
  ["mpegVideo", (head) => startsWith(head, 0, 0, 1, 0xb3) || startsWith(head, 0, 0, 1, 0xb0)],
  ["rawH265", (head) => [0x40, 0x42, 0x46].includes(firstUnit(head))],
  ["rawH264", (head) => [0x07, 0x09].includes(firstUnit(head) & 0x9f)],
  ["flv", (_, text) => text.startsWith("FLV\x01")],
  ["wmv", (head) => startsWith(head, 0x30, 0x26, 0xb2, 0x75)],
  ["ogg", (_, text) => text.startsWith("OggS")],
  ["audio", (head) => head[0] === 0xff && ((head[1] ?? 0) & 0xe6) === 0xe2],
  ["webPage", (_, text) => /^\s*<(?:!doctype html|html|head|body|script|!--)/i.test(text)],
  ["xml", (_, text) => /^\s*<\??[a-z]/i.test(text)],
  ["json", (_, text) => /^\s*[{[]\s*["\d{[\]}]/.test(text)],
  ["zeros", (head) => head.every((byte) => byte === 0)],
  ["text", (head) => isText(head)],
];

function lookalike(head: Buffer): Lookalike {
  if (head.length === 0) return "empty";
  const text = head.toString("latin1").replace(/^\xef\xbb\xbf/, "");
  return beginnings.find(([, fits]) => fits(head, text))?.[0] ?? "unknown";
}

/** The first byte behind the start code of a bare H.264 or H.265 stream; 0 where none is. */
function firstUnit(head: Buffer): number {
  if (startsWith(head, 0, 0, 0, 1)) return head[4] ?? 0;
  return startsWith(head, 0, 0, 1) ? (head[3] ?? 0) : 0;
}

/** UTF-8 without control characters; the last character may be cut. */
function isText(head: Buffer): boolean {
  const text = head.toString("utf8").replace(/\ufffd{1,3}$/, "");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what tells bytes from a text.
  return !/[\ufffd\x00-\x08\x0e-\x1f]/.test(text);
}
