import { isKnownLater, numberWithin, plain, typed } from "../editor/checks";
import { fillMissing, fitWidth, messageTypes, typedField } from "../editor/fields";
import { notice } from "../editor/notice";
import { takeOnlyAccount } from "../editor/only-account";
import type { Validator } from "../editor/red";
import { call, isRefusal } from "../editor/server";
import { wordsOf } from "../editor/words";
import {
  applies,
  authTypeOf,
  type ServerState,
  type SpecialSetting,
  type UploadOptions,
  type UrlSettings,
  uploadDefaults,
} from "./options";

const say = wordsOf("roboflow-video-upload");
const numberFrom0 = plain<UploadOptions>(numberWithin(() => say("validate.number"), { min: 0 }));

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
    urlMode: { value: uploadDefaults.urlMode },
    authType: { value: uploadDefaults.authType },
    tls: { value: uploadDefaults.tls, type: "tls-config", required: false, label: say("label.tls") },
    wait: {
      value: uploadDefaults.wait,
      label: say("label.wait"),
      validate: whereItApplies("wait", numberFrom0),
    },
    audio: { value: uploadDefaults.audio },
    keepHours: { value: uploadDefaults.keepHours, label: say("label.keepHours"), validate: numberFrom0 },
  },
  credentials: {
    user: { type: "text" },
    password: { type: "password" },
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
  onadd() {
    takeOnlyAccount(this);
  },
  oneditresize() {
    fitWidth("#node-input-name");
  },
  oneditprepare() {
    fillMissing(this, uploadDefaults);
    typedField("video", messageTypes);
    // A node that never had a login would otherwise count as changed by merely being looked at.
    if (this.credentials) {
      this.credentials.user ??= "";
      this.credentials.has_password ??= false;
    }
    $("#node-input-urlMode, #node-input-authType, #node-input-video").on("change", () => {
      showWhatApplies();
      showWhetherLoginIsNeeded();
    });
    // The server is asked when the field is left, not with every letter.
    $("#node-input-video").next(".red-ui-typedInput-container").on("input", showWhatApplies);
    openWhatIsSet(this);
    showWhatApplies();
    showWhetherLoginIsNeeded();
  },
});

/** Settings that most nodes leave at their defaults, by the part of the dialog that is folded up over them. */
const folded: Record<string, (keyof UploadOptions)[]> = {
  "#roboflow-video-url-settings": ["urlMode", "authType", "tls", "wait"],
  "#roboflow-video-advanced": ["fileName", "audio", "keepHours"],
};

/** Opens the parts in which something is set, so that nothing acts unseen. */
function openWhatIsSet(node: UploadOptions): void {
  const isSet = (name: keyof UploadOptions) =>
    String(node[name] ?? uploadDefaults[name]) !== String(uploadDefaults[name]);
  for (const [part, names] of Object.entries(folded)) $(part).prop("open", names.some(isSet));
}

/** What is chosen in the open dialog, which is ahead of the node. */
const shownSettings = (): Required<UrlSettings> => ({
  video: $("#node-input-video").typedInput("value"),
  videoType: $("#node-input-video").typedInput("type"),
  urlMode: $("#node-input-urlMode").val(),
  authType: $("#node-input-authType").val(),
});

/** A validator of a setting that acts on some videos only: on others it is not even shown. */
function whereItApplies(
  setting: SpecialSetting,
  validate: Validator<UploadOptions>,
): Validator<UploadOptions> {
  return function (value, options) {
    const isOpen = $("#node-input-urlMode").length > 0;
    return applies(setting, isOpen ? shownSettings() : this) ? validate.call(this, value, options) : true;
  };
}

function showWhatApplies(): void {
  const chosen = shownSettings();
  const dialog = $("#node-input-urlMode").closest(".roboflow-video");
  dialog.find("[data-setting]").each((_index, row) => {
    $(row).toggle(applies($(row).attr("data-setting") as SpecialSetting, chosen));
  });
  const isToken = authTypeOf(chosen) === "bearer";
  $("#roboflow-video-password-label").toggle(!isToken);
  $("#roboflow-video-token-label").toggle(isToken);
}

/**
 * Says that a URL in the dialog needs a login, as its server tells Node-RED, which is where it is fetched from; and that a
 * login in the URL would be better off in the fields for it.
 */
async function showWhetherLoginIsNeeded(): Promise<void> {
  const place = $("#roboflow-video-upload-message").hide();
  const warn = (words: string) => {
    notice(place, "bad", words);
    $("#roboflow-video-url-settings").prop("open", true);
  };
  const chosen = shownSettings();
  const url = String(chosen.video).trim();
  const isUrl = chosen.videoType === "str" && /^https?:\/\//i.test(url) && !isKnownLater(url);
  if (!isUrl || !applies("authType", chosen)) return;
  if (/^https?:\/\/[^/?#]*@/i.test(url)) return warn(say("login.inUrl"));
  if (authTypeOf(chosen) !== "") return;
  const answer = await call<{ ok?: true; state: ServerState }>("POST", "roboflow-video/upload/check", {
    url,
  });
  // Another one may have been typed meanwhile.
  const now = shownSettings();
  if (String(now.video).trim() !== url || authTypeOf(now) !== "" || !applies("authType", now)) return;
  if (isRefusal(answer)) notice(place, "bad", answer.message);
  else if (answer.state === "needsLogin") warn(say("login.needed"));
  else if (answer.state === "unreachable") notice(place, "plain", say("login.unreachable"));
}
