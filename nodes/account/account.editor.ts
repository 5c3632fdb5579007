import { numberWithin, plain } from "../editor/checks";
import { fillMissing, fitWidth, whenOpened } from "../editor/fields";
import { Latest } from "../editor/latest";
import { notice } from "../editor/notice";
import { giveOnlyAccount } from "../editor/only-account";
import type { EditorNode } from "../editor/red";
import { call, isRefusal } from "../editor/server";
import { sharedWords as say } from "../editor/words";
import { normalAddress } from "./address";
import { type AccountOptions, accountDefaults } from "./options";

RED.nodes.registerType<AccountOptions>("roboflow-video-account", {
  category: "config",
  color: "#B9A7DB",
  icon: "account.svg",
  defaults: {
    name: { value: accountDefaults.name },
    baseUrl: {
      value: accountDefaults.baseUrl,
      label: say("label.baseUrl"),
      validate: plain((text) => (normalAddress(text) !== undefined ? undefined : say("validate.baseUrl"))),
    },
    maxUploads: {
      value: accountDefaults.maxUploads,
      label: say("label.maxUploads"),
      validate: plain(numberWithin(() => say("validate.maxUploads"), { min: 0, whole: true })),
    },
    jobsPerDay: {
      value: accountDefaults.jobsPerDay,
      label: say("label.jobsPerDay"),
      validate: plain(numberWithin(() => say("validate.jobsPerDay"), { min: 0, whole: true })),
    },
    tls: { value: accountDefaults.tls, type: "tls-config", required: false, label: say("label.tls") },
    proxy: { value: accountDefaults.proxy, type: "http proxy", required: false, label: say("label.proxy") },
  },
  credentials: {
    apiKey: { type: "password" },
  },
  paletteLabel: say("label.node"),
  label() {
    return this.name || say("label.node");
  },
  labelStyle() {
    return this.name ? "node_label_italic" : "";
  },
  oneditresize() {
    fitWidth("#node-config-input-name");
  },
  oneditsave() {
    // Node-RED adds a new one right after this.
    if (!RED.nodes.node(this.id)) setTimeout(() => giveOnlyAccount(this.id));
  },
  oneditprepare() {
    fillMissing(this, accountDefaults, "node-config-input");
    // An imported account that never had a key would otherwise count as changed by merely being looked at.
    if (this.credentials) this.credentials.has_apiKey ??= false;
    if (!RED.nodes.node(this.id))
      whenOpened("#node-config-input-name", () => $("#node-config-input-apiKey").trigger("focus"));
    const place = $("#roboflow-video-test-answer");
    const tests = new Latest();
    $("#roboflow-video-test").on("click", async () => {
      const isLatest = tests.ask();
      notice(place, "busy", say("test.busy"));
      const answer = await call<{ ok: true; workspace: string }>(
        "POST",
        "roboflow-video/account/test",
        whatStandsInTheDialog(this),
      );
      // Another key may be tested meanwhile.
      if (!isLatest()) return;
      if (isRefusal(answer)) notice(place, "bad", answer.message);
      else notice(place, "good", say("test.good", { workspace: answer.workspace }));
    });
  },
});

/** The key itself when it was typed; otherwise the node's id, by which the server finds the key it holds. */
function whatStandsInTheDialog(node: EditorNode<AccountOptions>) {
  const value = (field: string) => String($(`#node-config-input-${field}`).val() ?? "").trim();
  const configNode = (field: string) => (RED.nodes.node(value(field)) ? value(field) : "");
  const key = value("apiKey");
  const isStored = key === "__PWRD__" || (key === "" && !node.credentials?.has_apiKey);
  return {
    account: isStored ? node.id : "",
    baseUrl: value("baseUrl"),
    apiKey: isStored ? "" : key,
    tls: configNode("tls"),
    proxy: configNode("proxy"),
  };
}
