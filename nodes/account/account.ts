import type { NodeAPI, NodeDef } from "node-red";
import { type RoboflowClient, Semaphore } from "../roboflow";
import type { AccountNode } from "../runtime/accounts";
import { dailyLimit } from "../runtime/daily-limit";
import { storageFolder } from "../runtime/paths";
import { lifecycleOf } from "../runtime/runner/lifecycle";
import { text } from "../runtime/text";
import { numberSetting, settingsOf, textOr } from "../runtime/values";
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
    const settings = settingsOf(saved, () => readSettings(RED, this.id, saved));
    const { apiKey } = (this.credentials ?? {}) as { apiKey?: string };
    const key = textOr(apiKey, "").trim() || environmentKey(RED, this);
    let client: RoboflowClient | undefined;

    this.way = {
      baseUrl: textOr(saved.baseUrl, "").trim() || accountDefaults.baseUrl,
      tls: textOr(saved.tls, accountDefaults.tls),
      proxy: textOr(saved.proxy, accountDefaults.proxy),
    };
    this.client = () => {
      settings();
      // Made on first use: the config nodes that it needs may be created after this one.
      client ??= connect(RED, key, this.way);
      return client;
    };
    this.secrets = () => (key ? [key] : []);
    Object.defineProperty(this, "uploads", { get: () => settings().uploads });
    Object.defineProperty(this, "jobs", { get: () => settings().jobs });

    const { baseUrl } = this.way;
    if (isInTheClear(baseUrl)) this.warn(text(RED, "warnings.plainHttp", { url: shownAddress(baseUrl) }));
    this.on("close", () => client?.network.close());
  }

  RED.nodes.registerType("roboflow-video-account", Account as never, {
    credentials: { apiKey: { type: "password" } },
  });
}

/** @throws VideoError CONFIG */
function readSettings(
  RED: NodeAPI,
  id: string,
  saved: Partial<AccountOptions>,
): Pick<AccountNode, "uploads" | "jobs"> {
  const count = (name: "maxUploads" | "jobsPerDay") =>
    numberSetting(saved[name], accountDefaults[name], { reason: name, min: 0, whole: true });
  return {
    uploads: new Semaphore(count("maxUploads")),
    jobs: { perDay: count("jobsPerDay"), count: dailyLimit(storageFolder(RED), id) },
  };
}
