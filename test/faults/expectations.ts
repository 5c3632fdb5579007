import type { ErrorCode } from "../../nodes/roboflow";
import { retries } from "../../nodes/roboflow/http/retry";
import type { FaultName } from "./fault-list";
import type { RequestName } from "./requests";

/** How a request that meets a fault has to end. */
export interface Expectation {
  /** `sent` = the message goes on. */
  outcome: ErrorCode | "sent";
  statusCode?: number;
  /** How often the request is made while the fault lasts; `polls` = until the time limit. */
  requests: number | "polls";
  /** How many times the fault may happen without the message being lost. */
  survives: number;
  /** Fresh signed URLs or polls for a new link that this takes, fault or no fault. */
  helpers?: number;
}

/** Free to repeat: tried as often as the policy says. */
const retried = (outcome: ErrorCode, statusCode?: number): Expectation => ({
  outcome,
  statusCode,
  requests: retries.repeatable.tries,
  survives: retries.repeatable.tries - 1,
});
/** Said once, believed at once. */
const once = (outcome: ErrorCode, statusCode?: number): Expectation => ({
  outcome,
  statusCode,
  requests: 1,
  survives: 0,
});
const fine: Expectation = { outcome: "sent", requests: 1, survives: 0 };
/** The link is taken for expired: one more request, with a fresh link. */
const freshLink = (outcome: ErrorCode, statusCode: number): Expectation => ({
  outcome,
  statusCode,
  requests: 2,
  survives: 1,
  helpers: 1,
});
/** Believed only after three in a row: a firewall's page comes and goes while a job is waited for. */
const thrice = (outcome: ErrorCode, statusCode: number): Expectation => ({
  outcome,
  statusCode,
  requests: 3,
  survives: 2,
});
/** A running job is waited for whatever happens. */
const waitedOut: Expectation = { outcome: "JOB_TIMEOUT", requests: "polls", survives: 2 };
const uncertain = (statusCode?: number) => once("START_UNCERTAIN", statusCode);

/** What refuses a request for good, whoever asks. */
const refusals = {
  "HTTP 400": once("REJECTED", 400),
  "HTTP 401": once("AUTH", 401),
  "HTTP 402": once("PLAN", 402),
  "HTTP 403": once("AUTH", 403),
  "HTTP 403, a firewall's page": once("AUTH", 403),
  "HTTP 404": once("NOT_FOUND", 404),
  "HTTP 413": once("REJECTED", 413),
  "HTTP 422": once("REJECTED", 422),
  "HTTP 429, no credits": once("PLAN", 429),
  redirect: once("REJECTED", 302),
};

/** What may pass, where asking again is free. */
const repeatable = {
  refused: retried("NETWORK"),
  "name not found": retried("NETWORK"),
  "reset while it is sent": retried("NETWORK"),
  "reset before the answer": retried("NETWORK"),
  "reset in the answer": retried("NETWORK"),
  "slow, then silent": retried("TIMEOUT"),
  "drop by drop": retried("TIMEOUT"),
  "drop by drop from the head on": retried("TIMEOUT"),
  "HTTP 408": retried("REJECTED", 408),
  "HTTP 425": retried("REJECTED", 425),
  "HTTP 429": retried("RATE_LIMIT", 429),
  "HTTP 429, Retry-After seconds": retried("RATE_LIMIT", 429),
  "HTTP 429, Retry-After date": retried("RATE_LIMIT", 429),
  "HTTP 500": retried("SERVER", 500),
  "HTTP 502 with HTML": retried("SERVER", 502),
  "HTTP 503": retried("SERVER", 503),
  truncated: retried("NETWORK"),
};

/** A person waits in front of a dialog: fewer tries. */
const dialog = Object.fromEntries(
  Object.entries(repeatable).map(([fault, expected]) => [
    fault,
    { ...expected, requests: retries.dialog.tries, survives: retries.dialog.tries - 1 },
  ]),
) as typeof repeatable;

/** The policy of issue "nothing lost, nothing billed twice", request by request. */
export const expectations: Record<RequestName, Record<FaultName, Expectation>> = {
  "signed URL": {
    ...refusals,
    ...repeatable,
    "empty body": once("SERVER", 200),
    "not JSON": once("SERVER", 200),
    "wrong shape": once("SERVER", 200),
    gzip: fine,
  },
  PUT: {
    ...refusals,
    ...repeatable,
    "HTTP 400": freshLink("REJECTED", 400),
    "HTTP 403": freshLink("AUTH", 403),
    "HTTP 403, a firewall's page": freshLink("AUTH", 403),
    // What storage says beside its 200 is nobody's business.
    "reset in the answer": fine,
    truncated: fine,
    "empty body": fine,
    "not JSON": fine,
    "wrong shape": fine,
    gzip: fine,
  },
  start: {
    ...refusals,
    ...repeatable,
    "reset while it is sent": uncertain(),
    "reset before the answer": uncertain(),
    "reset in the answer": uncertain(),
    "slow, then silent": uncertain(),
    "drop by drop": uncertain(),
    "drop by drop from the head on": uncertain(),
    truncated: uncertain(),
    "HTTP 408": uncertain(408),
    "HTTP 425": once("REJECTED", 425),
    "HTTP 500": uncertain(500),
    "HTTP 502 with HTML": uncertain(502),
    "HTTP 503": uncertain(503),
    "empty body": uncertain(200),
    "not JSON": uncertain(200),
    "wrong shape": uncertain(200),
    gzip: fine,
  },
  status: {
    ...refusals,
    refused: waitedOut,
    "name not found": waitedOut,
    "reset while it is sent": waitedOut,
    "reset before the answer": waitedOut,
    "reset in the answer": waitedOut,
    "slow, then silent": waitedOut,
    "drop by drop": waitedOut,
    "drop by drop from the head on": waitedOut,
    "HTTP 403, a firewall's page": thrice("AUTH", 403),
    redirect: thrice("REJECTED", 302),
    "HTTP 404": thrice("NOT_FOUND", 404),
    "HTTP 408": waitedOut,
    "HTTP 425": waitedOut,
    "HTTP 429": waitedOut,
    "HTTP 429, Retry-After seconds": waitedOut,
    "HTTP 429, Retry-After date": waitedOut,
    "HTTP 500": waitedOut,
    "HTTP 502 with HTML": waitedOut,
    "HTTP 503": waitedOut,
    truncated: waitedOut,
    "empty body": waitedOut,
    "not JSON": waitedOut,
    // An answer without a status is that of a job that is being set up.
    "wrong shape": waitedOut,
    gzip: fine,
  },
  result: {
    ...refusals,
    ...repeatable,
    "HTTP 400": freshLink("REJECTED", 400),
    "HTTP 401": freshLink("AUTH", 401),
    "HTTP 403": freshLink("AUTH", 403),
    "HTTP 403, a firewall's page": freshLink("AUTH", 403),
    "HTTP 404": freshLink("NOT_FOUND", 404),
    "reset in the answer": retried("RESULT"),
    truncated: retried("RESULT"),
    "empty body": once("RESULT"),
    "not JSON": once("RESULT"),
    "wrong shape": once("RESULT"),
    gzip: fine,
  },
  "model list": {
    ...refusals,
    ...dialog,
    "empty body": once("SERVER"),
    "not JSON": once("SERVER"),
    "wrong shape": once("SERVER"),
    gzip: fine,
  },
};
