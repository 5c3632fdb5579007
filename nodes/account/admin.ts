import type { Request, Response } from "express";
import type { NodeAPI } from "node-red";
import { type AvailableModel, type RoboflowClient, VideoError } from "../roboflow";
import { type AccountNode, findAccount } from "../runtime/accounts";
import { describeFailure } from "../runtime/failure";
import { textOr } from "../runtime/values";
import { connect, environment, keyOr, networkFor, plainAddress, variableIn, type Way } from "./connection";
import { accountDefaults } from "./options";

/** An account as it stands in a dialog: a stored key is named by its account and never leaves the server. */
interface EditedAccount extends Way {
  /** Id of the account whose stored key is meant when none is typed; empty when there is none. */
  account: string;
  /** The key typed. */
  apiKey: string;
}

/** Milliseconds that a person waits in front of a dialog. */
const patience = 20_000;
/** Milliseconds for which a list of models is given again without asking. */
const remembered = 60_000;

/** The endpoints behind the account's dialog and the model picker. */
export function registerAccountRoutes(RED: NodeAPI): void {
  const mayUseKeys = RED.auth.needsPermission("roboflow-video-account.write");
  const lists = new WeakMap<
    RoboflowClient,
    { at: number; list: { workspace: string; models: AvailableModel[] } }
  >();

  RED.httpAdmin.post("/roboflow-video/account/test", mayUseKeys, async (request, response) => {
    const asked = readAccount(RED, request.body);
    await answer(RED, response, secretsOf(RED, asked), async (signal) => {
      const { client, done } = clientFor(RED, asked);
      try {
        const { name } = await client.workspace({ signal });
        return { workspace: name };
      } finally {
        done();
      }
    });
  });

  // Also for an account that is not deployed yet: its key has been typed, and the next thing wanted is a model.
  RED.httpAdmin.post("/roboflow-video/account/:id/models", mayUseKeys, async (request: Request, response) => {
    const id = request.params.id as string;
    const stored = findAccount(RED, id);
    if (!stored && !request.body?.baseUrl) {
      response.status(404).json({ ok: false, code: "NOT_DEPLOYED" });
      return;
    }
    const asked = readAccount(RED, { baseUrl: stored?.baseUrl, ...request.body, account: id });
    await answer(RED, response, secretsOf(RED, asked), async (signal) => {
      const { client, done } = clientFor(RED, asked);
      try {
        const known = lists.get(client);
        const isFresh = known && performance.now() - known.at < remembered;
        const list = isFresh && !request.body?.refresh ? known.list : await client.models({ signal });
        if (list !== known?.list) lists.set(client, { at: performance.now(), list });
        return list;
      } finally {
        done();
      }
    });
  });
}

/** Runs what the dialog asked for and puts any failure into words; the key is in neither. */
async function answer(
  RED: NodeAPI,
  response: Response,
  secrets: string[],
  ask: (signal: AbortSignal) => Promise<object>,
): Promise<void> {
  const signal = AbortSignal.timeout(patience);
  try {
    response.json({ ok: true, ...(await ask(signal)) });
  } catch (error) {
    const failure = signal.aborted ? new VideoError("TIMEOUT", "dialogTimeout") : error;
    const { code, message } = describeFailure(RED, "account", failure, { secrets });
    response.json({ ok: false, code, message });
  }
}

/** A variable's name is given as `${NAME}`, where Node-RED would put its value when the account is deployed. */
function readAccount(RED: NodeAPI, body: unknown): EditedAccount {
  const field = (name: string) => {
    const text = textOr((body as Record<string, unknown> | undefined)?.[name], "").trim();
    const variable = variableIn(text);
    return (variable && environment(RED, undefined, variable)) || text;
  };
  return {
    account: field("account"),
    apiKey: field("apiKey"),
    baseUrl: field("baseUrl") || accountDefaults.baseUrl,
    tls: field("tls"),
    proxy: field("proxy"),
  };
}

/**
 * The client of such an account. A key that the server holds goes only to the address that is stored with it,
 * never to one typed beside it; who types a key, or names a variable, says where it goes.
 */
function clientFor(RED: NodeAPI, asked: EditedAccount): { client: RoboflowClient; done: () => void } {
  const stored = findAccount(RED, asked.account);
  const key = keyOr(RED, undefined, asked.apiKey);
  const isKept = asked.apiKey === "" && (stored !== undefined || key !== "");
  if (isKept && !isKnownAddress(asked.baseUrl, stored)) throw new VideoError("CONFIG", "keyNeedsItsAddress");
  if (isKept && stored) return { client: stored.client(), done: () => {} };
  const network = networkFor(RED, asked);
  return { client: connect(key, asked, network), done: () => network.close() };
}

/** Whatever key may be used. */
function secretsOf(RED: NodeAPI, { account, apiKey }: EditedAccount): string[] {
  const keys = [apiKey, keyOr(RED, undefined, "")];
  return [...keys, ...(findAccount(RED, account)?.secrets() ?? [])].filter(Boolean);
}

function isKnownAddress(baseUrl: string, stored: AccountNode | undefined): boolean {
  return plainAddress(baseUrl) === plainAddress(stored?.baseUrl ?? accountDefaults.baseUrl);
}
