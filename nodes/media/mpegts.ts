import type { ByteSource } from "./byte-source";

/** Bytes in which a transport stream has told its tables; senders repeat them about ten times a second. */
const tablesWithin = 512 * 1024;

/** Video by its number in a program map table (ISO/IEC 13818-1). */
const videoTypes: Record<number, string> = {
  1: "mpeg1video",
  2: "mpeg2video",
  16: "mpeg4",
  27: "h264",
  36: "hevc",
  51: "vvc",
  66: "avs",
  234: "vc1",
};

/**
 * The codec of a transport stream's video, for one that the media library does not know and so does not list.
 *
 * @returns undefined where there is none, or no table is found.
 */
export async function videoCodecOf({ read }: ByteSource): Promise<string | undefined> {
  const bytes = await read(0, tablesWithin);
  const step = bytes[0] === 0x47 ? 188 : 192;
  const maps = new Set<number>();
  for (let at = step - 188; at + 188 <= bytes.length; at += step) {
    const packet = bytes.subarray(at, at + 188);
    const pid = packet.readUInt16BE(1) & 0x1fff;
    const section = sectionIn(packet);
    if (!section) continue;
    if (pid === 0) for (const map of mapsIn(section)) maps.add(map);
    const codec = maps.has(pid) ? videoIn(section) : undefined;
    if (codec) return codec;
  }
  return undefined;
}

/** The table that begins in a packet: from its number to its end, as far as this packet goes. */
function sectionIn(packet: Buffer): Buffer | undefined {
  const begins = ((packet[1] as number) & 0x40) !== 0;
  if (packet[0] !== 0x47 || !begins) return undefined;
  const hasAdaptation = ((packet[3] as number) & 0x20) !== 0;
  const payload = packet.subarray(hasAdaptation ? 5 + (packet[4] as number) : 4);
  const section = payload.subarray(1 + (payload[0] ?? 0));
  if (section.length < 12) return undefined;
  // Without the four bytes of its checksum.
  return section.subarray(0, 3 + (section.readUInt16BE(1) & 0x0fff) - 4);
}

/** Numbers of the streams that carry program maps, from a program association table. */
function* mapsIn(section: Buffer): Generator<number> {
  for (let at = 8; at + 4 <= section.length; at += 4)
    if (section.readUInt16BE(at) !== 0) yield section.readUInt16BE(at + 2) & 0x1fff;
}

/** The first video of a program map table. */
function videoIn(section: Buffer): string | undefined {
  if (section.length < 12) return undefined;
  for (let at = 12 + (section.readUInt16BE(10) & 0x0fff); at + 5 <= section.length; ) {
    const codec = videoTypes[section[at] as number];
    if (codec) return codec;
    at += 5 + (section.readUInt16BE(at + 3) & 0x0fff);
  }
  return undefined;
}
