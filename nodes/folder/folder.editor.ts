import { isVariable, numberWithin, plain } from "../editor/checks";
import { fillMissing, fitWidth } from "../editor/fields";
import { notice } from "../editor/notice";
import { call, isRefusal } from "../editor/server";
import { wordsOf } from "../editor/words";
import { parseNumber } from "../runtime/numbers";
import { type FolderOptions, type FolderState, folderDefaults } from "./options";

const say = wordsOf("roboflow-video-folder");
const numberFrom0 = plain(numberWithin(() => say("validate.number"), { min: 0 }));

RED.nodes.registerType<FolderOptions>("roboflow-video-folder", {
  category: "Roboflow",
  color: "#B9A7DB",
  icon: "folder.svg",
  inputs: 0,
  outputs: 1,
  defaults: {
    name: { value: folderDefaults.name },
    folder: {
      value: folderDefaults.folder,
      label: say("label.folder"),
      validate: plain((text) => (text === "" ? say("validate.folder") : undefined)),
    },
    subfolders: { value: folderDefaults.subfolders },
    extensions: {
      value: folderDefaults.extensions,
      label: say("label.extensions"),
      validate: plain((text) => (text === "" ? say("validate.extensions") : undefined)),
    },
    settle: { value: folderDefaults.settle, label: say("label.settle"), validate: numberFrom0 },
    existing: { value: folderDefaults.existing },
    keepDays: { value: folderDefaults.keepDays, label: say("label.keepDays"), validate: numberFrom0 },
    keepGB: { value: folderDefaults.keepGB, label: say("label.keepGB"), validate: numberFrom0 },
  },
  paletteLabel: say("label.node"),
  label() {
    return this.name || say("label.node");
  },
  labelStyle() {
    return this.name ? "node_label_italic" : "";
  },
  outputLabels: say("label.output"),
  oneditresize() {
    fitWidth("#node-input-name");
  },
  oneditprepare() {
    fillMissing(this, folderDefaults);
    $("#node-input-folder").on("change", showWhetherThere);
    $("#node-input-keepDays, #node-input-keepGB").on("input change", showWhatIsDeleted);
    showWhetherThere();
    showWhatIsDeleted();
  },
});

/** Asks the server: the folder is on the machine that Node-RED runs on. */
async function showWhetherThere(): Promise<void> {
  const place = $("#roboflow-video-folder-message").hide();
  const folder = String($("#node-input-folder").val() ?? "").trim();
  if (folder === "" || isVariable(folder)) return;
  const answer = await call<{ ok?: true; state: FolderState }>("POST", "roboflow-video/folder/check", {
    folder,
  });
  // Another one may have been typed meanwhile.
  if (folder !== String($("#node-input-folder").val() ?? "").trim()) return;
  if (isRefusal(answer)) notice(place, "bad", answer.message);
  else if (answer.state !== "folder") notice(place, "bad", say(`folder.${answer.state}`));
}

/** Says in one sentence what the two numbers mean together. */
function showWhatIsDeleted(): void {
  const days = parseNumber($("#node-input-keepDays").val()) ?? 0;
  const gigabytes = parseNumber($("#node-input-keepGB").val()) ?? 0;
  const words = {
    none: () => say("deletes.nothing"),
    days: () => say("deletes.days", { days }),
    gigabytes: () => say("deletes.gigabytes", { gigabytes }),
    both: () => say("deletes.both", { days, gigabytes }),
  };
  const kind = days > 0 ? (gigabytes > 0 ? "both" : "days") : gigabytes > 0 ? "gigabytes" : "none";
  $("#roboflow-video-folder-deletes").text(words[kind]());
}
