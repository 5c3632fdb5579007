import type { Emulator } from "../../emulator/emulator";
import type { FaultOrder } from "../../emulator/faults";
import type { RequestKind } from "../../emulator/ledger";
import type { Front } from "./front";

interface Place {
  kind: RequestKind;
  emulator: Emulator;
  front: Front;
  /** What a careless server repeats in its words. */
  apiKey: string;
  /** How many times it happens. */
  times: number;
}

type Impose = (place: Place) => void | Promise<void>;

const ordered =
  (order: Omit<FaultOrder, "kind">): Impose =>
  ({ emulator, kind, times, apiKey }) => {
    const { message } = order;
    const words = message === undefined ? {} : { message: `${message} (key ${apiKey})` };
    emulator.fault({ ...order, ...words, kind, count: times });
  };
const answered = (status: number, more: Partial<FaultOrder> = {}) =>
  ordered({ do: "answer", status, message: `ordered answer ${status}`, ...more });

/** Everything that can go wrong with a request, by the name that the table shows. */
export const faultList = {
  refused: ({ front, kind, times }) => front.refuse(kind, times),
  "name not found": ({ front, kind, times }) => front.loseName(kind, times),
  "reset while it is sent": (place) =>
    place.kind === "put"
      ? ordered({ do: "reset-mid-body", afterBytes: 100_000 })(place)
      : place.front.cutRequests(60, place.times),
  "reset before the answer": ordered({ do: "reset" }),
  "reset in the answer": (place) =>
    ordered({ do: place.kind === "put" ? "truncated" : "reset-mid-body", afterBytes: 8 })(place),
  "slow, then silent": ordered({ do: "slow", bytesPerSecond: 2_000_000, afterBytes: 20 }),
  // A byte now and then: the answer's, for an upload those of the video that the server takes.
  "drop by drop": ordered({ do: "slow", bytesPerSecond: 20 }),
  "drop by drop from the head on": ({ front, times }) => front.dripAnswers(times),
  "HTTP 400": answered(400),
  "HTTP 401": answered(401),
  "HTTP 402": answered(402),
  "HTTP 403": answered(403),
  "HTTP 403, a firewall's page": ordered({
    do: "answer",
    status: 403,
    body: "<html><title>Blocked by the company</title></html>",
  }),
  "HTTP 404": answered(404),
  "HTTP 408": answered(408),
  "HTTP 413": answered(413),
  "HTTP 422": answered(422),
  "HTTP 425": answered(425),
  "HTTP 429": answered(429),
  "HTTP 429, Retry-After seconds": answered(429, { retryAfter: 1 }),
  "HTTP 429, Retry-After date": answered(429, { retryAfter: 1, retryAfterAs: "date" }),
  "HTTP 429, no credits": answered(429, { message: "You have run out of credits." }),
  "HTTP 500": answered(500),
  "HTTP 502 with HTML": ordered({ do: "html" }),
  "HTTP 503": answered(503),
  redirect: ordered({ do: "redirect", location: "http://127.0.0.1:9/" }),
  "empty body": ordered({ do: "empty" }),
  "not JSON": ordered({ do: "not-json" }),
  "wrong shape": ordered({ do: "wrong-shape" }),
  truncated: ordered({ do: "truncated" }),
  gzip: ordered({ do: "gzip" }),
} satisfies Record<string, Impose>;

export type FaultName = keyof typeof faultList;
