import { setTimeout as delay } from "node:timers/promises";
import { startEmulator } from "../emulator/emulator";
import type { Measure } from "../test/support/measure";
import { mixedFault } from "../test/support/mixed-faults";
import { type DiskUse, Gateway } from "./gateway";

export interface SoakOptions {
  minutes: number;
  /** Clips a second that each of the two Node-REDs gets. */
  rate?: number;
  /** Is told how it goes, line by line. */
  tell: (line: string) => void;
}

/** One Node-RED at the start and at the end of the time. */
interface Comparison {
  name: string;
  before: Measure;
  after: Measure;
  diskBefore: DiskUse;
  diskAfter: DiskUse;
}

/**
 * Before anything is measured: seconds, and clips a second that each Node-RED gets. Then what it remembers is full (see
 * `Gateway`), and what is done to it has been done once, so that its code is compiled.
 */
const warmUp = { seconds: 15, rate: 10 };
/** Seconds between two deploys, between two kills, and between two lines of the report. */
const every = { deploy: 7, kill: 12, line: 30 };
/** Bytes of heap by which two measures may differ: what was just sent, and functions that ran for the first time. */
const heapTolerance = 2_000_000;
/** Bytes of the whole process: V8 and the allocator of the system give back late what they had. */
const memoryTolerance = 40_000_000;
/** Milliseconds that what is still going on at the end may take. */
const settling = 300_000;

/**
 * Clips arrive at a steady rate, a fifth of them with something going wrong, at two Node-REDs: one is deployed again and
 * again and never ends, the other is killed again and again.
 *
 * @returns what is not as it was at the start, or not as promised; empty when all is well.
 */
export async function soak({ minutes, rate = 1, tell }: SoakOptions): Promise<string[]> {
  const emulator = await startEmulator({
    analyse: false,
    builtInFrames: 5,
    hash: false,
    jobSeconds: 0.3,
    keepAliveSeconds: 1,
  });
  const [deployed, killed] = [new Gateway("deployed", emulator), new Gateway("killed", emulator)];
  const gateways = [deployed, killed];
  const problems: string[] = [];
  const feedFor = async (seconds: number, rate: number, isDisturbed: boolean) => {
    const ends = new AbortController();
    const ending = ends.signal;
    const timer = setTimeout(() => ends.abort(), seconds * 1000);
    const feeding = gateways.map((gateway) =>
      beginEvery(1 / rate, ending, async () => {
        const clip = gateway.nextClip();
        const fault = mixedFault(clip);
        if (fault) emulator.fault({ ...fault, match: clip });
        await gateway.feed(clip);
      }),
    );
    const disturbing = isDisturbed
      ? [
          repeat(every.deploy, ending, () => deployed.deploy()),
          repeat(every.kill, ending, () => killed.killAndStart()),
          repeat(every.line, ending, async () => tell(`${gateways.map(progress).join("; ")}`)),
        ]
      : [];
    // One that fails ends the others, before what they work on is taken away.
    const acts = [...feeding, ...disturbing].map((act) =>
      act.catch((error) => {
        ends.abort();
        throw error;
      }),
    );
    const failed = (await Promise.allSettled(acts)).find(({ status }) => status === "rejected");
    clearTimeout(timer);
    if (failed) throw (failed as PromiseRejectedResult).reason;
    for (const gateway of gateways) await gateway.settled(settling);
  };
  try {
    for (const gateway of gateways) await gateway.start();
    await feedFor(warmUp.seconds, warmUp.rate, false);
    for (let deploys = 0; deploys < 6; deploys += 1) await deployed.deploy();
    // What Node-RED has only while clips come is there again.
    await feedFor(every.deploy, 1, false);
    const before = await Promise.all(gateways.map(measured));
    tell(`warm: ${gateways.map(progress).join("; ")}`);

    await feedFor(minutes * 60, rate, true);
    for (const [index, gateway] of gateways.entries()) {
      const { measure: earlier, disk: diskBefore } = before[index] as Awaited<ReturnType<typeof measured>>;
      const after = await gateway.measureWhen((now) => isAsBefore(now, earlier));
      const comparison = {
        name: gateway.name,
        before: earlier,
        after,
        diskBefore,
        diskAfter: gateway.diskUse(),
      };
      tell(`${progress(gateway)}\n${describe(comparison)}`);
      problems.push(...differences(comparison));
      for (const clip of gateway.fed) {
        const jobs = emulator.ledger.jobsOf(clip).length;
        if (jobs > 1) problems.push(`${clip}: ${jobs} jobs`);
      }
    }
    for (const gateway of gateways) {
      const { name, interruptions } = gateway;
      const lost = gateway.neverTaken().length;
      if (lost > interruptions)
        problems.push(`${name}: ${lost} clips never taken, ${interruptions} interruptions`);
    }
    return problems;
  } finally {
    for (const gateway of gateways) await gateway.end();
    await emulator.close();
  }
}

/** Does something again and again, with so many seconds between, until the time has ended. */
async function repeat(seconds: number, ending: AbortSignal, act: () => Promise<void>): Promise<void> {
  for (;;) {
    await delay(seconds * 1000, undefined, { signal: ending }).catch(() => {});
    if (ending.aborted) return;
    await act();
  }
}

/** Begins something every so many seconds, however long each takes, and ends when the last has ended. */
async function beginEvery(seconds: number, ending: AbortSignal, act: () => Promise<void>): Promise<void> {
  const begun: Promise<void>[] = [];
  await repeat(seconds, ending, async () => {
    begun.push(act());
  });
  await Promise.all(begun);
}

const isQuiet = ({ resources }: Measure) => !resources.TCPSocketWrap;
const isAsBefore = (now: Measure, before: Measure) =>
  isQuiet(now) && now.heap - before.heap < heapTolerance && now.memory - before.memory < memoryTolerance;

const measured = async (gateway: Gateway) => ({
  measure: await gateway.measureWhen(isQuiet),
  disk: gateway.diskUse(),
});

const progress = (gateway: Gateway) =>
  `${gateway.name}: ${gateway.fed.size} clips, ${gateway.open().length} open, ${gateway.neverTaken().length} never taken, errors ${JSON.stringify(gateway.errors())}`;

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

const describe = ({ before, after, diskBefore, diskAfter }: Comparison) =>
  [
    `  heap ${megabytes(before.heap)} → ${megabytes(after.heap)} MB`,
    `memory ${megabytes(before.memory)} → ${megabytes(after.memory)} MB`,
    `open files ${before.files} → ${after.files}`,
    `on disk ${diskBefore.files} files, ${diskBefore.bytes} bytes → ${diskAfter.files} files, ${diskAfter.bytes} bytes`,
  ].join(", ");

/** What one Node-RED holds more of than at the start. */
function differences({ name, before, after, diskBefore, diskAfter }: Comparison): string[] {
  const grown: [what: string, by: number, allowed: number][] = [
    ["bytes of heap", after.heap - before.heap, heapTolerance],
    ["bytes of memory", after.memory - before.memory, memoryTolerance],
    ["open files", after.files - before.files, 0],
    ["files on disk", diskAfter.files - diskBefore.files, 0],
    ...Object.keys(after.resources).map((kind): [string, number, number] => [
      kind,
      (after.resources[kind] ?? 0) - (before.resources[kind] ?? 0),
      0,
    ]),
  ];
  return grown.filter(([, by, allowed]) => by > allowed).map(([what, by]) => `${name}: ${by} ${what} more`);
}
