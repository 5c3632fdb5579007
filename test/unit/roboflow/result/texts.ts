/** Random results as text, in every way in which JSON can be written. */
import fc from "fast-check";

/** An object by its members, so that a key can occur twice. */
export class Members {
  constructor(readonly list: [key: string, value: unknown][]) {}
}

/** Names that are keys of something else, or that plain assignment would lose. */
const oddName = fc.constantFrom(
  "__proto__",
  "constructor",
  "predictions",
  "class",
  "frame_offset",
  "toString",
  "",
  "1",
  "人",
  "🚗",
  'quo"te',
  "back\\slash",
  "tab\t",
  "NaN",
);
const name = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("person", "car", "dog", "a", "m") },
  { weight: 2, arbitrary: oddName },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 6 }) },
);
const number = fc.oneof(
  fc.integer({ min: -5, max: 500 }),
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.double(),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e21, 5e-324),
);
const scalar = fc.oneof(number, name, fc.boolean(), fc.constant(null));
const anything = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(name, tie("value")), { maxLength: 4 }).map((list) => new Members(list)),
  ),
})).value;

const members = (...list: fc.Arbitrary<[string, unknown]>[]) =>
  fc.shuffledSubarray(list).chain((some) => fc.tuple(...some).map((made) => new Members(made)));
const member = (key: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<[string, unknown]> =>
  value.map((made) => [key, made]);

const point = members(member("x", number), member("y", number));
const confidence = member("confidence", fc.oneof(number, number, name));
const className = member(
  "class",
  fc.oneof({ weight: 5, arbitrary: name }, { weight: 1, arbitrary: anything }),
);
const prediction = members(
  className,
  confidence,
  member("class_id", number),
  member("points", fc.array(point, { maxLength: 5 })),
  member("face", members(confidence, member("x", number))),
  fc.tuple(name, anything),
  fc.oneof(className, member("model", anything)),
);
const label = fc.tuple(name, fc.oneof(members(confidence, member("class_id", number)), prediction, anything));
const image = member("image", fc.oneof(members(member("width", number), member("height", number)), anything));
const predictions = member(
  "predictions",
  fc.oneof(
    { weight: 6, arbitrary: fc.array(prediction, { maxLength: 4 }) },
    { weight: 3, arbitrary: fc.array(label, { maxLength: 4 }).map((list) => new Members(list)) },
    { weight: 1, arbitrary: fc.array(fc.oneof(prediction, anything), { maxLength: 4 }) },
    { weight: 1, arbitrary: anything },
  ),
);
const entry = fc.oneof(
  { weight: 2, arbitrary: fc.constant(null) },
  { weight: 8, arbitrary: members(predictions, image, member("time", number), fc.tuple(name, anything)) },
  { weight: 1, arbitrary: members(predictions, predictions, image) },
  { weight: 1, arbitrary: fc.array(number, { maxLength: 6 }) },
  { weight: 1, arbitrary: anything },
);

export interface TextOptions {
  /** Columns of models as long as the offsets, both offsets there, every frame with a number. */
  sound: boolean;
}

/** A whole result. */
export function resultText({ sound }: TextOptions): fc.Arbitrary<string> {
  return fc.nat({ max: 12 }).chain((frames) => {
    const length = sound
      ? { minLength: frames, maxLength: frames }
      : { minLength: Math.max(0, frames - (frames % 7 === 0 ? 1 : 0)), maxLength: frames };
    const column = (key: fc.Arbitrary<string>, element: fc.Arbitrary<unknown>) =>
      fc.tuple(key, fc.array(element, { ...length, size: "max" }));
    const frameNumber = sound
      ? fc.nat()
      : fc.oneof({ weight: 30, arbitrary: fc.nat() }, { weight: 1, arbitrary: scalar });
    const frameColumn = column(fc.constantFrom("frame_offset", "frame_offsets"), frameNumber);
    const timeColumn = column(fc.constantFrom("time_offset", "time_offsets"), fc.oneof(number, scalar));
    const modelKey = sound ? name.filter((key) => key !== "frame_offset") : name;
    const model = column(modelKey, entry);
    const otherValue = fc.oneof(
      scalar,
      fc.array(scalar, { maxLength: 3 }),
      fc.constant(new Members([["a", [1]]])),
    );
    const other = fc.tuple(modelKey, otherValue);
    const others = fc.array(fc.oneof({ weight: 4, arbitrary: model }, { weight: 1, arbitrary: other }), {
      maxLength: 4,
    });
    return fc
      .tuple(frameColumn, timeColumn, others, fc.nat(), fc.boolean(), fc.constantFrom("", "", "\ufeff"))
      .chain(([numbers, times, rest, seed, plain, mark]) =>
        fc
          .shuffledSubarray([numbers, times, ...rest], { minLength: sound ? rest.length + 2 : 0 })
          .map((list) => mark + write(new Members(list as [string, unknown][]), new Style(seed, plain))),
      );
  });
}

/** The choices a writer of JSON has, drawn from a seed. */
class Style {
  #state: number;

  constructor(
    seed: number,
    readonly plain: boolean,
  ) {
    this.#state = seed | 1;
  }

  pick(n: number): number {
    this.#state = (Math.imul(this.#state, 1103515245) + 12345) & 0x7fffffff;
    return (this.#state >>> 8) % n;
  }

  space(): string {
    if (this.plain) return "";
    return ["", "", " ", "\n  ", "\t", "\r\n"][this.pick(6)] as string;
  }
}

function write(value: unknown, style: Style): string {
  const between = () => style.space();
  const listed = (parts: string[]) => parts.map((part) => between() + part + between()).join(",");
  if (value instanceof Members) {
    const parts = value.list.map(
      ([key, v]) => `${writeString(key, style)}${between()}:${between()}${write(v, style)}`,
    );
    return `{${parts.length > 0 ? listed(parts) : between()}}`;
  }
  if (Array.isArray(value)) {
    const parts = value.map((v) => write(v, style));
    return `[${parts.length > 0 ? listed(parts) : between()}]`;
  }
  if (typeof value === "string") return writeString(value, style);
  if (typeof value === "number") return Object.is(value, -0) ? "-0.0" : String(value);
  return JSON.stringify(value);
}

/** Some characters escaped that need not be. */
function writeString(text: string, style: Style): string {
  if (style.plain || style.pick(3) > 0) return JSON.stringify(text);
  const written = [...JSON.stringify(text).slice(1, -1)].map((c, i, all) => {
    const escaped = all[i - 1] === "\\" || c === "\\" || all.slice(Math.max(0, i - 5), i).includes("\\");
    if (escaped || style.pick(4) > 0) return c;
    return [...Array(c.length).keys()]
      .map((k) => `\\u${c.charCodeAt(k).toString(16).padStart(4, "0")}`)
      .join("");
  });
  return `"${written.join("")}"`;
}
