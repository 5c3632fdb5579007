import type { Request, Response } from "express";
import type { NodeAPI } from "node-red";
import { type AvailableModel, type RoboflowClient, VideoError } from "../roboflow";
import { type AccountNode, findAccount } from "../runtime/accounts";
import { describeFailure } from "../runtime/failure";
import { textOr } from "../runtime/values";
import { connect, environment, keyOr, networkFor, plainAddress, variableIn, type Way } from "./connection";
import { accountDefaults } from "./options";

/** What the dialog sends to test an account: a stored key is named by its account and never leaves the server. */
interface TestRequest extends Way {
  /** Id of the account whose stored key is meant; empty for the key typed. */
  account: string;
  apiKey: string;
}

/** Milliseconds that a person waits in front of a dialog. */
const patience = 20_000;
/** Milliseconds for which a list of models is given again without asking. */
const remembered = 60_000;

/** The endpoints behind the account's dialog and the model picker. */
export function offerAccounts(RED: NodeAPI): void {
  const mayUseKeys = RED.auth.needsPermission("roboflow-video-account.write");
  const lists = new WeakMap<
    RoboflowClient,
    { at: number; list: { workspace: string; models: AvailableModel[] } }
  >();

  RED.httpAdmin.post("/roboflow-video/account/test", mayUseKeys, async (request, response) => {
    const asked = readTest(request.body);
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

  RED.httpAdmin.post("/roboflow-video/account/:id/models", mayUseKeys, async (request: Request, response) => {
    const account = findAccount(RED, request.params.id as string);
    if (!account) {
      response.status(404).json({ ok: false, code: "NOT_DEPLOYED" });
      return;
    }
    await answer(RED, response, account.secrets(), async (signal) => {
      const client = account.client();
      const known = lists.get(client);
      const isFresh = known && performance.now() - known.at < remembered;
      const list = isFresh && !request.body?.refresh ? known.list : await client.models({ signal });
      if (list !== known?.list) lists.set(client, { at: performance.now(), list });
      return list;
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

function readTest(body: unknown): TestRequest {
  const field = (name: string) => textOr((body as Record<string, unknown> | undefined)?.[name], "").trim();
  return {
    account: field("account"),
    apiKey: field("apiKey"),
    baseUrl: field("baseUrl") || accountDefaults.baseUrl,
    tls: field("tls"),
    proxy: field("proxy"),
  };
}

/**
 * The client that a test asks for. A key that the server holds goes only to the address that is stored with it,
 * never to one typed beside it; who types a key, or names a variable, says where it goes.
 */
function clientFor(RED: NodeAPI, asked: TestRequest): { client: RoboflowClient; done: () => void } {
  const stored = findAccount(RED, asked.account);
  if (asked.apiKey === "" && !isKnownAddress(asked.baseUrl, stored))
    throw new VideoError("CONFIG", "keyNeedsItsAddress");
  if (stored && asked.apiKey === "") return { client: stored.client(), done: () => {} };
  const variable = variableIn(asked.apiKey);
  const typed = variable ? environment(RED, undefined, variable) || asked.apiKey : asked.apiKey;
  const network = networkFor(RED, asked);
  return { client: connect(keyOr(RED, undefined, typed), asked, network), done: () => network.close() };
}

/** Whatever key the test may use. */
function secretsOf(RED: NodeAPI, { account, apiKey }: TestRequest): string[] {
  const variable = variableIn(apiKey);
  const keys = [variable ? environment(RED, undefined, variable) : apiKey, keyOr(RED, undefined, "")];
  return [...keys, ...(findAccount(RED, account)?.secrets() ?? [])].filter(Boolean);
}

function isKnownAddress(baseUrl: string, stored: AccountNode | undefined): boolean {
  return plainAddress(baseUrl) === plainAddress(stored?.baseUrl ?? accountDefaults.baseUrl);
}
