/** Small results made to hurt whoever reads them. */

const megabyte = 1_000_000;
/** About how large they are. */
export const hostileSize = 10 * megabyte;

/** @param members of the top level, behind the offsets of one frame */
export const withMembers = (members: string[]): string =>
  `{"frame_offset":[0],"time_offset":[0],${members.join(",")}}`;
export const withEntry = (entry: string): string => withMembers([`"m":[${entry}]`]);
export const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** Names of equal length and equal 31-polynomial hash, as Java's String.hashCode has it. */
const collidingNames = (count: number) =>
  times(count, (index) => index.toString(2).padStart(18, "0").replaceAll("0", "Aa").replaceAll("1", "BB"));

interface HostileResult {
  what: string;
  make: () => string;
  /** Why it is refused, as the catalogues name it; otherwise it is read. */
  reason?: string;
}

export const hostileResults: HostileResult[] = [
  {
    what: "with one string of 10 MB",
    make: () => withEntry(`{"predictions":[],"s":"${"a".repeat(hostileSize)}"}`),
  },
  {
    what: "with one number of 10 MB",
    make: () => withEntry(`{"predictions":[],"n":1${"0".repeat(hostileSize)}}`),
  },
  {
    what: "with a class of 10 MB",
    make: () => withEntry(`{"predictions":[{"class":"${"a".repeat(hostileSize)}"}]}`),
  },
  {
    what: "with a label of 10 MB",
    make: () => withEntry(`{"predictions":{"${"\\n".repeat(hostileSize / 2)}":{}}}`),
  },
  { what: "with a key of 10 MB", make: () => withMembers(['"m":[null]', `"${"k".repeat(hostileSize)}":1`]) },
  {
    what: "with 150,000 classes of one hash",
    make: () =>
      withEntry(`{"predictions":[${collidingNames(150_000).map((name) => `{"class":"${name}"}`)}]}`),
  },
  { what: 'that repeats \\":[ in a string', make: () => withEntry(`"${'\\":['.repeat(hostileSize / 4)}"`) },
  { what: "that repeats NaN", make: () => withMembers([`"m":[[${"NaN,".repeat(hostileSize / 4)}0]]`]) },
  {
    what: "with 300,000 values beside its columns",
    make: () => withMembers(times(300_000, (index) => `"k${index}":${index}`)),
  },
  {
    what: "with 10,000 columns of one name",
    make: () => withMembers(times(10_000, () => `"m":[{"predictions":[${"{},".repeat(300)}{}]}]`)),
    reason: "resultColumns",
  },
  {
    what: "with 100,000 models",
    make: () => withMembers(times(100_000, (index) => `"m${index}":[null]`)),
    reason: "resultColumns",
  },
  {
    what: "with five million brackets in each other",
    make: () => withEntry("[".repeat(hostileSize / 2) + "]".repeat(hostileSize / 2)),
    reason: "resultNesting",
  },
];
