import type { NodeAPI, NodeDef } from "node-red";
import type { RoboflowClient } from "../roboflow";
import type { AccountNode } from "../runtime/accounts";
import { lifecycleOf } from "../runtime/runner/lifecycle";
import { Semaphore } from "../runtime/semaphore";
import { text } from "../runtime/text";
import { numberOr, textOr } from "../runtime/values";
import { registerAccountRoutes } from "./admin";
import { connect, environmentKey, isInTheClear, shownAddress } from "./connection";
import { type AccountOptions, accountDefaults } from "./options";

/** The config node that holds the key and the way to the API. */
export default function account(RED: NodeAPI): void {
  // Made here, so that what removed nodes have left is found even if no flow node of ours remains.
  lifecycleOf(RED);
  registerAccountRoutes(RED);

  function Account(this: AccountNode, saved: NodeDef & Partial<AccountOptions>): void {
    RED.nodes.createNode(this, saved);
    const { apiKey } = (this.credentials ?? {}) as { apiKey?: string };
    const key = textOr(apiKey, "").trim() || environmentKey(RED, this);
    let client: RoboflowClient | undefined;

    this.way = {
      baseUrl: textOr(saved.baseUrl, "").trim() || accountDefaults.baseUrl,
      tls: textOr(saved.tls, accountDefaults.tls),
      proxy: textOr(saved.proxy, accountDefaults.proxy),
    };
    this.client = () => {
      // Made on first use: the config nodes that it needs may be created after this one.
      client ??= connect(RED, key, this.way);
      return client;
    };
    this.secrets = () => (key ? [key] : []);
    this.uploads = new Semaphore(
      Math.max(0, Math.floor(numberOr(saved.maxUploads, accountDefaults.maxUploads))),
    );

    const { baseUrl } = this.way;
    if (isInTheClear(baseUrl)) this.warn(text(RED, "warnings.plainHttp", { url: shownAddress(baseUrl) }));
    this.on("close", () => client?.network.close());
  }

  RED.nodes.registerType("roboflow-video-account", Account as never, {
    credentials: { apiKey: { type: "password" } },
  });
}
