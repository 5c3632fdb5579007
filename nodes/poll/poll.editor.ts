import { numberWithin, plain, typed } from "../editor/checks";
import { chosenAccount, fillMissing, fitWidth, messageTypes, typedField } from "../editor/fields";
import { takeOnlyAccount } from "../editor/only-account";
import { wordsOf } from "../editor/words";
import { isRoboflow } from "../roboflow/http/urls";
import { type PollOptions, pollDefaults } from "./options";
import { pendingJobs } from "./pending-jobs.editor";

const say = wordsOf("roboflow-video-poll");

RED.nodes.registerType<PollOptions>("roboflow-video-poll", {
  category: "Roboflow",
  color: "#B9A7DB",
  icon: "poll.svg",
  inputs: 1,
  outputs: 2,
  defaults: {
    name: { value: pollDefaults.name },
    account: {
      value: pollDefaults.account,
      type: "roboflow-video-account",
      required: true,
      label: say("label.account"),
    },
    jobId: { value: pollDefaults.jobId, label: say("label.jobId"), validate: typed("jobIdType") },
    jobIdType: { value: pollDefaults.jobIdType },
    interval: {
      value: pollDefaults.interval,
      label: say("label.interval"),
      validate: plain(numberWithin(() => say("validate.interval"), { min: Number.MIN_VALUE })),
    },
    timeout: {
      value: pollDefaults.timeout,
      label: say("label.timeout"),
      validate: plain(numberWithin(() => say("validate.timeout"), { min: 0 })),
    },
    resume: { value: pollDefaults.resume },
  },
  paletteLabel: say("label.node"),
  label() {
    return this.name || say("label.node");
  },
  labelStyle() {
    return this.name ? "node_label_italic" : "";
  },
  inputLabels: say("label.input"),
  outputLabels: [say("label.finished"), say("label.running")],
  onadd() {
    takeOnlyAccount(this);
  },
  oneditresize() {
    fitWidth("#node-input-name");
  },
  oneditprepare() {
    fillMissing(this, pollDefaults);
    typedField("jobId", messageTypes);
    $("#node-input-interval, #node-input-account").on("input change", () => {
      const interval = Number($("#node-input-interval").val());
      $("#roboflow-video-minimum-interval").toggle(
        interval > 0 && interval < 60 && isRoboflowItself(chosenAccount()),
      );
    });
    pendingJobs(this.id, $("#roboflow-video-jobs"), $("#roboflow-video-jobs-message"));
  },
});

/** Whether the account's server is Roboflow's own, as far as its address can be read here. */
function isRoboflowItself(account: string): boolean {
  const address = RED.nodes.node(account)?.baseUrl;
  try {
    return typeof address !== "string" || isRoboflow(address);
  } catch {
    return true;
  }
}
