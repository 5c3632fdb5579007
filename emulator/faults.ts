import type { ErrorShape } from "./answers";
import type { RequestKind } from "./ledger";

const kinds = [
  "signed-url",
  "put",
  "start",
  "status",
  "result",
  "key",
  "workspace",
  "project",
  "other",
  "any",
  "job",
];

const actions = {
  /** Reset the connection; `processed` decides whether the request takes effect first. */
  reset: false,
  /** Let the request take effect (a start makes its job), then reset without a word. */
  "reset-after": true,
  /** put: reset when `afterBytes` (else half) have been received; otherwise: when so many of the answer are out. */
  "reset-mid-body": true,
  /** Take the request and never answer. put with `afterBytes`: stop reading there; else: stop sending there. */
  silent: false,
  /** Transfer `bytesPerSecond`, and from `afterBytes` on nothing at all. */
  slow: true,
  /** Wait `delayMs`, then go on as usual. */
  delay: true,
  /** Answer `status` with an error in the API's `shape`, or with `body` as it stands. */
  answer: false,
  /** 502 with a proxy's HTML page. */
  html: false,
  /** 200 with nothing in it. */
  empty: true,
  /** 200 with text that is not JSON. */
  "not-json": true,
  /** 200 with JSON of another shape. */
  "wrong-shape": true,
  /** The true Content-Length, fewer bytes (`afterBytes`, else half), then the end of the connection. */
  truncated: true,
  /** A proper answer of which the body was cut (`afterBytes`, else half). */
  cut: true,
  /** The answer gzip-encoded. */
  gzip: true,
  /** The answer without Content-Length. */
  chunked: true,
  /** 302 (or `status`) to `location`. */
  redirect: false,
  /** Storage says that the link has expired. */
  expired: false,
  /** Only for `job`: the job that the next start makes ends with status `status` (2) and `message`. */
  fail: true,
  /** Only for `job`: it never ends. */
  never: true,
  /** Only for `job`: it ends with status 0 and no link. */
  "no-link": true,
} as const;

export type FaultAction = keyof typeof actions;

/** One thing that is to go wrong. Plain JSON, so that another process can order it. */
export interface FaultOrder {
  /** The requests it is meant for; `any`: whichever comes; `job`: the next jobs that are started. */
  kind: RequestKind | "any" | "job";
  do: FaultAction;
  /** How many times; 1 when left out, 0 = until cleared. */
  count?: number;
  /** Let this many matching requests pass first. */
  skip?: number;
  /** Only requests in whose path, clip name, job id or JSON body this text stands. */
  match?: string;
  /** Whether the request takes effect before it goes wrong; see the actions for what holds when left out. */
  processed?: boolean;
  /** Answer at once, without reading the request's body, and close (put only). */
  early?: boolean;
  afterBytes?: number;
  bytesPerSecond?: number;
  delayMs?: number;
  status?: number;
  shape?: ErrorShape;
  message?: string;
  /** The whole body: text as it stands, anything else as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
  /** Seconds, as the header says them with `retryAfterAs`. */
  retryAfter?: number;
  retryAfterAs?: "seconds" | "date";
  location?: string;
}

/** A fault whose turn has come, with what was left open decided. */
export type Fault = FaultOrder & { processed: boolean };

/** The faults that tests have ordered, first come first served. */
export class Faults {
  #orders: (FaultOrder & { left: number; skip: number })[] = [];

  /** @throws Error when the order names a kind or an action that does not exist. */
  order(order: FaultOrder): void {
    if (!kinds.includes(order.kind)) throw new Error(`no such kind of request: ${order.kind}`);
    if (!Object.hasOwn(actions, order.do)) throw new Error(`no such fault: ${order.do}`);
    const left = order.count === 0 ? Number.POSITIVE_INFINITY : (order.count ?? 1);
    this.#orders.push({ ...order, left, skip: order.skip ?? 0 });
  }

  /** Takes the first fault that is meant for this request off the list. */
  take(kind: RequestKind | "job", subject: string): Fault | undefined {
    for (const order of this.#orders) {
      const meant = order.kind === kind || (order.kind === "any" && kind !== "job");
      if (!meant || (order.match && !subject.includes(order.match))) continue;
      if (order.skip > 0) {
        order.skip -= 1;
        continue;
      }
      order.left -= 1;
      if (order.left <= 0) this.#orders = this.#orders.filter((other) => other !== order);
      const { left: _, ...fault } = order;
      return { ...fault, processed: order.processed ?? actions[order.do] };
    }
    return undefined;
  }

  /** What has not happened yet. */
  pending(): FaultOrder[] {
    return this.#orders.map(({ left, ...order }) => ({ ...order, count: Number.isFinite(left) ? left : 0 }));
  }

  clear(): void {
    this.#orders = [];
  }
}
