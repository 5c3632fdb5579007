import { typed } from "../editor/checks";
import { fillMissing, fitWidth, messageTypes, typedField } from "../editor/fields";
import { wordsOf } from "../editor/words";
import { type UploadOptions, uploadDefaults } from "./options";

const say = wordsOf("roboflow-video-upload");

RED.nodes.registerType<UploadOptions>("roboflow-video-upload", {
  category: "Roboflow",
  color: "#B9A7DB",
  icon: "upload.svg",
  inputs: 1,
  outputs: 1,
  defaults: {
    name: { value: uploadDefaults.name },
    account: {
      value: uploadDefaults.account,
      type: "roboflow-video-account",
      required: true,
      label: say("label.account"),
    },
    video: {
      value: uploadDefaults.video,
      label: say("label.video"),
      validate: typed("videoType"),
    },
    videoType: { value: uploadDefaults.videoType },
    fileName: { value: uploadDefaults.fileName },
    resume: { value: uploadDefaults.resume },
  },
  paletteLabel: say("label.node"),
  label() {
    return this.name || say("label.node");
  },
  labelStyle() {
    return this.name ? "node_label_italic" : "";
  },
  inputLabels: say("label.input"),
  outputLabels: say("label.output"),
  oneditresize() {
    fitWidth("#node-input-name");
  },
  oneditprepare() {
    fillMissing(this, uploadDefaults);
    typedField("video", messageTypes);
  },
});
