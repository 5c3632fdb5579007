const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const SPACE = 0x20;

/** A key of the top level and where its value stands, in bytes. */
export interface Member {
  key: string;
  start: number;
  end: number;
}

/**
 * All members of the top level, repeated ones too, when a key may occur twice: `JSON.parse` keeps the last
 * one without a word.
 * @param parsed what the body parses to
 * @param body sound JSON with an object at the top
 * @returns undefined when no key is repeated
 */
export function findRepeatedKeys(parsed: object, body: Buffer): Member[] | undefined {
  if (!mayRepeat(Object.keys(parsed), body)) return undefined;
  const members = topLevel(body);
  return new Set(members.map(({ key }) => key)).size < members.length ? members : undefined;
}

/** A native search, which nearly always spares the walk over all bytes. With escapes a key has many spellings. */
function mayRepeat(keys: string[], body: Buffer): boolean {
  if (body.includes(BACKSLASH)) return true;
  return keys.some((key) => {
    const spelling = Buffer.from(`"${key}"`);
    let found = 0;
    for (let at = body.indexOf(spelling); at >= 0; at = body.indexOf(spelling, at + spelling.length)) {
      let behind = at + spelling.length;
      while ((body[behind] as number) <= SPACE) behind++;
      if (body[behind] === COLON && ++found === 2) return true;
    }
    return false;
  });
}

function topLevel(body: Buffer): Member[] {
  const members: Member[] = [];
  let depth = 0;
  let key: string | undefined;
  let start = 0;
  for (let i = 0; i < body.length; i++) {
    switch (body[i]) {
      case QUOTE: {
        const open = i++;
        while (body[i] !== QUOTE) i += body[i] === BACKSLASH ? 2 : 1;
        if (depth === 1 && key === undefined) key = JSON.parse(body.toString("utf8", open, i + 1)) as string;
        break;
      }
      case COLON:
        if (depth === 1) start = i + 1;
        break;
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        depth++;
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        depth--;
        if (depth === 0 && key !== undefined) members.push({ key, start, end: i });
        break;
      case COMMA:
        if (depth === 1 && key !== undefined) {
          members.push({ key, start, end: i });
          key = undefined;
        }
        break;
    }
  }
  return members;
}
