import type { NodeAPI, NodeDef } from "node-red";
import { type RoboflowClient, Semaphore } from "../roboflow";
import type { AccountNode } from "../runtime/accounts";
import { dailyLimit } from "../runtime/daily-limit";
import { storageFolder } from "../runtime/paths";
import { lifecycleOf } from "../runtime/runner/lifecycle";
import { settingsOf, textOr } from "../runtime/settings";
import { text } from "../runtime/text";
import { isInTheClear } from "./address";
import { registerAccountRoutes } from "./admin";
import { connect, environmentKey, shownAddress } from "./connection";
import { type AccountOptions, accountDefaults } from "./options";
import { readSettings } from "./settings";

/** The config node that holds the key and says how the API is reached. */
export default function account(RED: NodeAPI): void {
  // Made here, so that what removed nodes have left is found even if no flow node of ours remains.
  lifecycleOf(RED);
  registerAccountRoutes(RED);

  function Account(this: AccountNode, saved: NodeDef & Partial<AccountOptions>): void {
    RED.nodes.createNode(this, saved);
    const options = { ...accountDefaults, ...saved };
    const settings = settingsOf(saved, () => readSettings(options));
    const { apiKey } = (this.credentials ?? {}) as { apiKey?: string };
    const key = textOr(apiKey, "").trim() || environmentKey(RED, this);
    let client: RoboflowClient | undefined;
    let uploads: Semaphore | undefined;

    this.connection = {
      baseUrl: textOr(options.baseUrl, "").trim() || accountDefaults.baseUrl,
      tls: textOr(options.tls, accountDefaults.tls),
      proxy: textOr(options.proxy, accountDefaults.proxy),
    };
    this.client = () => {
      settings();
      // Made on first use: the config nodes that it needs may be created after this one.
      client ??= connect(RED, key, this.connection);
      return client;
    };
    this.secrets = () => (key ? [key] : []);
    this.uploads = () => {
      uploads ??= new Semaphore(settings().maxUploads);
      return uploads;
    };
    this.jobs = () => ({
      perDay: settings().jobsPerDay,
      count: dailyLimit(storageFolder(RED), this.id),
    });

    const { baseUrl } = this.connection;
    if (isInTheClear(baseUrl)) this.warn(text(RED, "warnings.plainHttp", { url: shownAddress(baseUrl) }));
    this.on("close", () => client?.network.close());
  }

  RED.nodes.registerType("roboflow-video-account", Account as never, {
    credentials: { apiKey: { type: "password" } },
  });
}
