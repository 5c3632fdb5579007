import type { NodeAPI, NodeDef } from "node-red";
import type { RoboflowClient } from "../roboflow";
import type { AccountNode } from "../runtime/accounts";
import { lifecycleOf } from "../runtime/runner/lifecycle";
import { Semaphore } from "../runtime/semaphore";
import { text } from "../runtime/text";
import { numberOr, textOr } from "../runtime/values";
import { registerAccountRoutes } from "./admin";
import { connect, isInTheClear, keyOr, networkFor, shownAddress } from "./connection";
import { type AccountOptions, accountDefaults } from "./options";

/** The config node that holds the key and the way to the API. */
export default function account(RED: NodeAPI): void {
  // Made here, so that what removed nodes have left is found even if no flow node of ours remains.
  lifecycleOf(RED);
  registerAccountRoutes(RED);

  function Account(this: AccountNode, saved: NodeDef & Partial<AccountOptions>): void {
    RED.nodes.createNode(this, saved);
    const baseUrl = textOr(saved.baseUrl, "").trim() || accountDefaults.baseUrl;
    const key = keyOr(RED, this, textOr((this.credentials as { apiKey?: string } | undefined)?.apiKey, ""));
    let client: RoboflowClient | undefined;

    this.client = () => {
      // Made on first use: the config nodes that it needs may be created after this one.
      client ??= connect(key, { baseUrl }, networkFor(RED, { tls: "", proxy: "", ...saved }));
      return client;
    };
    this.secrets = () => (key ? [key] : []);
    this.baseUrl = baseUrl;
    this.uploads = new Semaphore(
      Math.max(0, Math.floor(numberOr(saved.maxUploads, accountDefaults.maxUploads))),
    );

    if (isInTheClear(baseUrl)) this.warn(text(RED, "warnings.plainHttp", { url: shownAddress(baseUrl) }));
    this.on("close", () => client?.network.close());
  }

  RED.nodes.registerType("roboflow-video-account", Account as never, {
    credentials: { apiKey: { type: "password" } },
  });
}
