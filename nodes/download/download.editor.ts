import { fraction, plain, typed } from "../editor/checks";
import { fillMissing, fitWidth, messageTypes, typedField } from "../editor/fields";
import { wordsOf } from "../editor/words";
import { type DownloadOptions, downloadDefaults } from "./options";

const say = wordsOf("roboflow-video-download");
const outputs = ["results", "frames", "file"] as const;

RED.nodes.registerType<DownloadOptions>("roboflow-video-download", {
  category: "Roboflow",
  color: "#B9A7DB",
  icon: "download.svg",
  inputs: 1,
  outputs: 1,
  defaults: {
    name: { value: downloadDefaults.name },
    account: {
      value: downloadDefaults.account,
      type: "roboflow-video-account",
      required: false,
      label: say("label.account"),
    },
    url: {
      value: downloadDefaults.url,
      label: say("label.url"),
      validate: typed("urlType", (text, type) =>
        type === "str" && !/^https?:\/\//i.test(text) ? say("validate.url") : undefined,
      ),
    },
    urlType: { value: downloadDefaults.urlType },
    output: { value: downloadDefaults.output },
    filename: {
      value: downloadDefaults.filename,
      label: say("label.filename"),
      validate(value, options) {
        const output = $("#node-input-output").val() ?? this.output;
        if (output !== "file" || String(value ?? "").trim() !== "") return true;
        const problem = say("validate.filename");
        return options?.label ? `${options.label}: ${problem}` : problem;
      },
    },
    minConfidence: {
      value: downloadDefaults.minConfidence,
      label: say("label.minConfidence"),
      validate: plain(fraction(() => say("validate.minConfidence"))),
    },
    classes: { value: downloadDefaults.classes },
    skipEmpty: { value: downloadDefaults.skipEmpty },
    resume: { value: downloadDefaults.resume },
  },
  paletteLabel: say("label.node"),
  label() {
    return this.name || say("label.node");
  },
  labelStyle() {
    return this.name ? "node_label_italic" : "";
  },
  inputLabels: say("label.input"),
  outputLabels() {
    // What stands in somebody's flow is no part of a key.
    return say(`label.output.${outputs.find((output) => output === this.output) ?? "results"}`);
  },
  oneditresize() {
    fitWidth("#node-input-name");
  },
  oneditprepare() {
    fillMissing(this, downloadDefaults);
    typedField("url", messageTypes);
    $("#node-input-output").on("change", () => {
      const output = $("#node-input-output").val();
      $(".roboflow-video-for").each((_index, row) => {
        $(row).toggle($(row).attr("data-output") === output);
      });
    });
  },
});
