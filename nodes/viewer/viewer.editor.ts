import { isVariable, numberWithin, plain } from "../editor/checks";
import { fillMissing, fitWidth } from "../editor/fields";
import { notice } from "../editor/notice";
import { call, isRefusal } from "../editor/server";
import { wordsOf } from "../editor/words";
import { withoutSlashesAtEnd } from "../roboflow/http/urls";
import { normalPath, type PageAccess, type ViewerOptions, viewerDefaults } from "./options";

const say = wordsOf("roboflow-video-viewer");

RED.nodes.registerType<ViewerOptions>("roboflow-video-viewer", {
  category: "Roboflow",
  color: "#B9A7DB",
  icon: "viewer.svg",
  inputs: 1,
  outputs: 0,
  defaults: {
    name: { value: viewerDefaults.name },
    path: {
      value: viewerDefaults.path,
      label: say("label.path"),
      validate: plain((text) => (normalPath(text) === undefined ? say("validate.path") : undefined)),
    },
    keepClips: {
      value: viewerDefaults.keepClips,
      label: say("label.keepClips"),
      validate: plain(numberWithin(() => say("validate.keepClips"), { min: 1, whole: true })),
    },
  },
  paletteLabel: say("label.node"),
  label() {
    return this.name || say("label.node");
  },
  labelStyle() {
    return this.name ? "node_label_italic" : "";
  },
  inputLabels: say("label.input"),
  oneditresize() {
    fitWidth("#node-input-name");
  },
  oneditprepare() {
    fillMissing(this, viewerDefaults);
    void showAccess();
  },
});

/** Says who can open the page, and leads there: only the server knows both. */
async function showAccess(): Promise<void> {
  const place = $("#roboflow-video-viewer-access").hide();
  const link = $("#roboflow-video-viewer-link").closest("div").hide();
  const access = await call<PageAccess & { ok?: true }>("GET", "roboflow-video/viewer/access");
  if (isRefusal(access)) {
    notice(place, "bad", access.message);
    return;
  }
  const { root, guard } = access;
  if (root === null) {
    notice(place, "bad", say("access.off"));
    return;
  }
  notice(place, guard === "password" ? "good" : guard === "none" ? "bad" : "plain", say(`access.${guard}`));
  const field = $("#node-input-path");
  const showLink = () => {
    const entered = String(field.val() ?? "");
    const path = isVariable(entered) ? undefined : normalPath(entered);
    link.toggle(path !== undefined);
    if (path) $("#roboflow-video-viewer-link").attr("href", withoutSlashesAtEnd(root) + path);
  };
  field.on("input change", showLink);
  showLink();
}
