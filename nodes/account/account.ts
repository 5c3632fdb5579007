import type { NodeAPI, NodeDef } from "node-red";
import { Network, type NetworkOptions, RoboflowClient, VideoError, withoutSecrets } from "../roboflow";
import type { AccountNode } from "../runtime/accounts";
import { lifecycleOf } from "../runtime/lifecycle";
import { text } from "../runtime/text";
import { Turns } from "../runtime/turns";
import { numberOr, textOr } from "../runtime/values";
import { type AccountOptions, accountDefaults } from "./options";

const typeName = "roboflow-video-account";

/** Where the key comes from when the dialog holds none. */
const keyVariable = "ROBOFLOW_API_KEY";

/** `${NAME}` that Node-RED has left as it is: a variable that is not set. */
const unsetVariable = /^\$[{(]([^)}]+)[})]$/;

/** The config node that holds the key and the way to the API. */
export default function account(RED: NodeAPI): void {
  // Made here, so that what removed nodes have left is found even if no flow node of ours remains.
  lifecycleOf(RED);

  function Account(this: AccountNode, saved: NodeDef & Partial<AccountOptions>): void {
    RED.nodes.createNode(this, saved);
    const baseUrl = textOr(saved.baseUrl, "").trim() || accountDefaults.baseUrl;
    const typedKey = textOr((this.credentials as { apiKey?: string } | undefined)?.apiKey, "").trim();
    const apiKey =
      typedKey || String(RED.util.evaluateNodeProperty(keyVariable, "env", this, {}) ?? "").trim();
    const network = new Network(networkOptions(RED, saved));
    let client: RoboflowClient | undefined;

    const connect = (): RoboflowClient => {
      if (!apiKey) throw new VideoError("CONFIG", "noKey", { values: { variable: keyVariable } });
      const unset = unsetVariable.exec(apiKey)?.[1] ?? unsetVariable.exec(baseUrl)?.[1];
      if (unset) throw new VideoError("CONFIG", "unsetVariable", { values: { variable: unset } });
      return new RoboflowClient(checkedBaseUrl(baseUrl), apiKey, network);
    };
    Object.assign(this, {
      client: () => {
        client ??= connect();
        return client;
      },
      secrets: () => (apiKey ? [apiKey] : []),
      uploads: new Turns(Math.max(0, Math.floor(numberOr(saved.maxUploads, accountDefaults.maxUploads)))),
    } satisfies Partial<AccountNode>);

    if (travelsInTheClear(baseUrl))
      this.warn(text(RED, "warnings.plainHttp", { url: withoutSecrets(baseUrl) }));
    this.on("close", () => network.close());
  }

  RED.nodes.registerType(typeName, Account as never, { credentials: { apiKey: { type: "password" } } });
}

function checkedBaseUrl(baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  const isPlain =
    url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash;
  if (!isPlain) throw new VideoError("CONFIG", "baseUrl", { values: { url: withoutSecrets(baseUrl) } });
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

/** A key sent over plain http to another machine can be read by anyone on the way. */
function travelsInTheClear(baseUrl: string): boolean {
  if (!URL.canParse(baseUrl)) return false;
  const { protocol, hostname } = new URL(baseUrl);
  return protocol === "http:" && !/^(?:localhost|.*\.localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

function networkOptions(_RED: NodeAPI, _saved: Partial<AccountOptions>): NetworkOptions {
  return {};
}
