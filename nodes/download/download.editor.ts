import { fraction, numberWithin, plain, typed } from "../editor/checks";
import { fillMissing, fitWidth, messageTypes, typedField } from "../editor/fields";
import { takeOnlyAccount } from "../editor/only-account";
import type { Validator } from "../editor/red";
import { wordsOf } from "../editor/words";
import { applies, type DownloadOptions, downloadDefaults, outputOf, type SpecialSetting } from "./options";
import { showPreview } from "./preview.editor";

const say = wordsOf("roboflow-video-download");

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
      validate: whereItApplies(
        "filename",
        plain((text) => (text === "" ? say("validate.filename") : undefined)),
      ),
    },
    format: { value: downloadDefaults.format },
    minConfidence: {
      value: downloadDefaults.minConfidence,
      label: say("label.minConfidence"),
      validate: whereItApplies("minConfidence", plain(fraction(() => say("validate.minConfidence")))),
    },
    classes: { value: downloadDefaults.classes },
    skipEmpty: { value: downloadDefaults.skipEmpty },
    gap: {
      value: downloadDefaults.gap,
      label: say("label.gap"),
      validate: whereItApplies("gap", plain(numberWithin(() => say("validate.gap"), { min: 0 }))),
    },
    minDuration: {
      value: downloadDefaults.minDuration,
      label: say("label.minDuration"),
      validate: whereItApplies(
        "minDuration",
        plain(numberWithin(() => say("validate.minDuration"), { min: 0 })),
      ),
    },
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
    return say(`label.output.${outputOf(this)}`);
  },
  onadd() {
    takeOnlyAccount(this);
  },
  oneditresize() {
    fitWidth("#node-input-name");
  },
  oneditprepare() {
    fillMissing(this, downloadDefaults);
    typedField("url", messageTypes);
    $("#node-input-output, #node-input-format").on("change", () => showWhatApplies(shownOptions()));
    showPreview(this.id, $("#roboflow-video-preview-rows"), $("#roboflow-video-preview-message"));
  },
});

/** What is chosen in the open dialog, which is ahead of the node. */
const shownOptions = () => ({ output: $("#node-input-output").val(), format: $("#node-input-format").val() });

/** A validator of a setting that acts on some outputs only: on others it is not even shown. */
function whereItApplies(
  setting: SpecialSetting,
  validate: Validator<DownloadOptions>,
): Validator<DownloadOptions> {
  return function (value, options) {
    const isOpen = $("#node-input-output").length > 0;
    return applies(setting, isOpen ? shownOptions() : this) ? validate.call(this, value, options) : true;
  };
}

function showWhatApplies(options: { output?: unknown; format?: unknown }): void {
  const dialog = $("#node-input-output").closest(".roboflow-video");
  dialog.find("[data-setting]").each((_index, row) => {
    $(row).toggle(applies($(row).attr("data-setting") as SpecialSetting, options));
  });
  dialog.find("[data-output]").each((_index, row) => {
    const outputs = ($(row).attr("data-output") ?? "").split(" ");
    $(row).toggle(outputs.includes(outputOf(options)));
  });
}
