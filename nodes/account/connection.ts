import type { Node, NodeAPI } from "node-red";
import { Network, RoboflowClient, VideoError, withoutSecrets } from "../roboflow";
import { proxyChooser, tlsOptions } from "../runtime/core-nodes";
import { variableIn } from "../runtime/settings";
import { normalAddress } from "./address";
import type { AccountOptions } from "./options";

/** Where the key comes from when the dialog holds none. */
const keyVariable = "ROBOFLOW_API_KEY";

/** Of an account's options, those that say how the API is reached. */
export type ConnectionOptions = Pick<AccountOptions, "baseUrl" | "tls" | "proxy">;

/** The key of the environment, as the flow's settings or the process have it; empty when it is not set. */
export const environmentKey = (RED: NodeAPI, node?: Node): string =>
  String(RED.util.evaluateNodeProperty(keyVariable, "env", node as Node, {}) ?? "").trim();

/**
 * The client for a key and the options of a connection.
 *
 * @throws VideoError CONFIG when one of them is missing or unusable: then nothing is ever sent.
 */
export function connect(
  RED: NodeAPI,
  key: string,
  { baseUrl, tls, proxy }: ConnectionOptions,
): RoboflowClient {
  if (!key) throw new VideoError("CONFIG", "noKey", { values: { variable: keyVariable } });
  const unset = variableIn(key) ?? variableIn(baseUrl);
  if (unset) throw new VideoError("CONFIG", "unsetVariable", { values: { variable: unset } });
  const address = plainAddress(baseUrl);
  const network = new Network({ tls: tlsOptions(RED, tls), proxyFor: proxyChooser(RED, proxy) });
  network.proxyFor(new URL(address));
  return new RoboflowClient(address, key, network);
}

/**
 * An account's address in one spelling.
 *
 * @throws VideoError CONFIG when it cannot be used.
 */
export function plainAddress(baseUrl: string): string {
  const address = normalAddress(baseUrl);
  if (address === undefined)
    throw new VideoError("CONFIG", "baseUrl", { values: { url: shownAddress(baseUrl) } });
  return address;
}

/** An address as it may be shown: whatever stands before an @ may be a password, also where it is no URL. */
export const shownAddress = (baseUrl: string): string =>
  withoutSecrets(baseUrl.replace(/^(\s*[a-z]+:\/\/)?.*@/is, "$1…@"));
