import type { NodeAPI } from "node-red";
import { type AvailableModel, type RoboflowClient, VideoError } from "../roboflow";
import { type AccountNode, findAccount } from "../runtime/accounts";
import { registerRoutes, unknownNode } from "../runtime/admin";
import { describeFailure } from "../runtime/failure";
import { textOr, variableIn } from "../runtime/settings";
import { type ConnectionOptions, connect, environmentKey, plainAddress } from "./connection";
import { accountDefaults } from "./options";

/** An account as it stands in a dialog: a stored key is named by its account and never leaves the server. */
interface EditedAccount extends ConnectionOptions {
  /** Id of the account whose stored key is meant when none is typed; empty when there is none. */
  account: string;
  /** The key typed. */
  apiKey: string;
}

/** Milliseconds that a person waits in front of a dialog. */
const dialogTimeoutMs = 20_000;
/** Milliseconds for which a list of models is given again without a request. */
const listLifetimeMs = 60_000;

/** The endpoints behind the account's dialog and the model picker. */
export function registerAccountRoutes(RED: NodeAPI): void {
  const lists = new WeakMap<
    RoboflowClient,
    { at: number; list: { workspace: string; models: AvailableModel[] } }
  >();

  registerRoutes(RED, "account", {
    "POST test": ({ body }) =>
      ask(RED, readAccount(RED, body), async (client, signal) => {
        const { name } = await client.workspace({ signal });
        return { workspace: name };
      }),

    // Also for an account that is not deployed yet: its key has been typed, and the next thing wanted is a model.
    "POST :id/models": ({ params, body }) => {
      if (!findAccount(RED, params.id) && !body.baseUrl) return unknownNode;
      return ask(RED, readAccount(RED, { ...body, account: params.id }), async (client, signal) => {
        const known = lists.get(client);
        const isFresh = known && performance.now() - known.at < listLifetimeMs;
        if (isFresh && !body.refresh) return known.list;
        const list = await client.models({ signal });
        lists.set(client, { at: performance.now(), list });
        return list;
      });
    },
  });
}

/** Asks the API as an account that is being edited, and puts any failure into words; no secret is in the answer. */
async function ask(
  RED: NodeAPI,
  edited: EditedAccount,
  question: (client: RoboflowClient, signal: AbortSignal) => Promise<object>,
): Promise<object> {
  const signal = AbortSignal.timeout(dialogTimeoutMs);
  let connected: Connected | undefined;
  try {
    connected = clientFor(RED, edited);
    return { ok: true, ...(await question(connected.client, signal)) };
  } catch (error) {
    const failure = signal.aborted ? new VideoError("TIMEOUT", "dialogTimeout") : error;
    const { code, message } = describeFailure(RED, "account", failure, {
      secrets: secretsOf(RED, edited),
      inDialog: true,
    });
    return { ok: false, code, message };
  } finally {
    connected?.done();
  }
}

/** What a dialog sends, literally: a `${NAME}` in it is text. What it leaves out is as deployed. */
function readAccount(RED: NodeAPI, body: Record<string, unknown>): EditedAccount {
  const account = textOr(body.account, "");
  const deployed = deployedConnection(RED, account);
  const field = (name: string, fallback: string) => textOr(body[name], fallback).trim();
  return {
    account,
    apiKey: field("apiKey", ""),
    baseUrl: field("baseUrl", deployed.baseUrl) || accountDefaults.baseUrl,
    tls: field("tls", deployed.tls),
    proxy: field("proxy", deployed.proxy),
  };
}

interface Connected {
  client: RoboflowClient;
  /** To be called when it is no longer needed. */
  done(): void;
}

/**
 * The client of such an account.
 *
 * A key that this machine holds, and the value of any variable, go only over the connection that was deployed with them: to
 * the server of the deployed account, or, where the account is not deployed yet, the environment's key to Roboflow itself.
 * A key that was typed goes where the dialog says.
 */
function clientFor(RED: NodeAPI, edited: EditedAccount): Connected {
  const stored = findAccount(RED, edited.account);
  const isAsDeployed = isSameConnection(edited, deployedConnection(RED, edited.account));
  if (edited.apiKey === "") {
    const isKept = stored !== undefined || environmentKey(RED) !== "";
    if (isKept && !isAsDeployed) throw new VideoError("CONFIG", "keyNeedsItsAddress");
    // Kept for later requests, and so for the account to close.
    if (stored) return { client: stored.client(), done: () => {} };
  }
  const connection = stored && isAsDeployed ? stored.connection : edited;
  const typed = stored && isAsDeployed ? [edited.apiKey] : [edited.apiKey, edited.baseUrl];
  for (const text of typed) {
    const variable = variableIn(text);
    if (variable) throw new VideoError("CONFIG", "variableNotDeployed", { values: { variable } });
  }
  const client = connect(RED, edited.apiKey || environmentKey(RED), connection);
  return { client, done: () => client.network.close() };
}

/** An account's connection as it stands in the deployed flow, `${NAME}` as written; the default where it is not deployed. */
function deployedConnection(RED: NodeAPI, account: string): ConnectionOptions {
  const { baseUrl, tls, proxy } = findAccount(RED, account) ? savedConfig(RED, account) : {};
  return {
    baseUrl: textOr(baseUrl, "").trim() || accountDefaults.baseUrl,
    tls: textOr(tls, ""),
    proxy: textOr(proxy, ""),
  };
}

/** A node's properties as they stand in the deployed flow, before Node-RED puts in the values of variables. */
function savedConfig(RED: NodeAPI, id: string): Record<string, unknown> {
  let found: Record<string, unknown> = {};
  RED.nodes.eachNode((node) => {
    if (node.id === id) found = { ...node };
  });
  return found;
}

function isSameConnection(one: ConnectionOptions, other: ConnectionOptions): boolean {
  return sameAddress(one.baseUrl, other.baseUrl) && one.tls === other.tls && one.proxy === other.proxy;
}

/** A slash at the end makes no difference. */
const sameAddress = (one: string, other: string): boolean =>
  one === other || (variableIn(one) === undefined && plainAddress(one) === plainAddress(other));

/** What no answer may show: whatever key may be used, and what a variable of the deployed connection stands for. */
function secretsOf(RED: NodeAPI, { account, apiKey }: EditedAccount): string[] {
  const stored = findAccount(RED, account);
  const keys = [apiKey, environmentKey(RED), ...(stored?.secrets() ?? [])];
  return [...keys, ...(stored ? resolvedValues(RED, stored) : [])].filter(Boolean);
}

function resolvedValues(RED: NodeAPI, { id, connection }: AccountNode): string[] {
  const proxy = RED.nodes.getNode(connection.proxy) as { url?: unknown } | null;
  const pairs = [
    [savedConfig(RED, id).baseUrl, connection.baseUrl],
    [savedConfig(RED, connection.proxy).url, proxy?.url],
  ];
  return pairs.flatMap(([saved, value]) => {
    if (typeof saved !== "string" || typeof value !== "string" || saved === value) return [];
    return URL.canParse(value) ? [value, new URL(value).host, new URL(value).hostname] : [value];
  });
}
