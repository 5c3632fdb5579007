import { numberWithin, typed } from "../editor/checks";
import {
  accountAsEdited,
  chosenAccount,
  fillMissing,
  fitWidth,
  messageTypes,
  numberTypes,
  typedField,
  whenOpened,
} from "../editor/fields";
import { notice } from "../editor/notice";
import { takeOnlyAccount } from "../editor/only-account";
import { call, isRefusal } from "../editor/server";
import { wordsOf } from "../editor/words";
import type { AvailableModel } from "../roboflow/api/model-types";
import { choicesOf, ModelRows, wrongModels } from "./model-rows.editor";
import { emptyModelRow, type StartOptions, startDefaults } from "./options";

const say = wordsOf("roboflow-video-start");
const wrongRate = numberWithin(() => say("validate.inferFps"), { min: 1, max: 120 });

let openRows: ModelRows | undefined;

RED.nodes.registerType<StartOptions>("roboflow-video-start", {
  category: "Roboflow",
  color: "#B9A7DB",
  icon: "start.svg",
  inputs: 1,
  outputs: 1,
  defaults: {
    name: { value: startDefaults.name },
    account: {
      value: startDefaults.account,
      type: "roboflow-video-account",
      required: true,
      label: say("label.account"),
    },
    inputUrl: {
      value: startDefaults.inputUrl,
      label: say("label.inputUrl"),
      validate: typed("inputUrlType", (text, type) =>
        type === "str" && !/^https?:\/\//i.test(text) ? say("validate.inputUrl") : undefined,
      ),
    },
    inputUrlType: { value: startDefaults.inputUrlType },
    inferFps: {
      value: startDefaults.inferFps,
      label: say("label.inferFps"),
      validate: typed("inferFpsType", (text, type) =>
        type === "num" || type === "str" ? wrongRate(text, type) : undefined,
      ),
    },
    inferFpsType: { value: startDefaults.inferFpsType },
    models: {
      // No list at all would mean that every message brings its models: that is to be chosen on purpose.
      value: [emptyModelRow],
      label: say("label.models"),
      validate: (value, options) => {
        const problem = wrongModels(value);
        if (!problem) return true;
        return options?.label ? `${options.label}: ${problem}` : problem;
      },
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
  outputLabels: say("label.output"),
  onadd() {
    takeOnlyAccount(this);
  },
  oneditresize() {
    fitWidth("#node-input-name");
  },
  oneditprepare() {
    fillMissing(this, startDefaults);
    typedField("inputUrl", messageTypes);
    typedField("inferFps", numberTypes);

    let choices = choicesOf([]);
    const showWhereFrom = () => {
      $("#roboflow-video-no-models").toggle(rows.isEmpty);
      $("#roboflow-video-models-from-message").toggle(!rows.isEmpty);
    };
    const rows = new ModelRows($("#roboflow-video-models"), this.models ?? [], () => choices, showWhereFrom);
    openRows = rows;
    showWhereFrom();
    $("#roboflow-video-models-from-message").on("click", () => rows.clear());
    let isFound = false;
    whenOpened("#node-input-name", () => {
      rows.focusEmpty();
      if (isFound) rows.openChoices();
    });

    // The account as well as what is in it, which may be edited from here.
    const chosen = () => JSON.stringify([chosenAccount(), accountAsEdited(chosenAccount())]);
    let shownFor: string | undefined;
    const loadModels = async (refresh: boolean) => {
      const account = chosenAccount();
      const asked = chosen();
      shownFor = asked;
      const place = $("#roboflow-video-models-found");
      choices = choicesOf([]);
      if (!account) return notice(place, "plain", say("models.noAccount"));
      notice(place, "busy", say("models.busy"));
      const answer = await call<{ ok: true; workspace: string; models: AvailableModel[] }>(
        "POST",
        `roboflow-video/account/${encodeURIComponent(account)}/models`,
        { ...accountAsEdited(account), refresh },
      );
      // The user may have chosen another account meanwhile.
      if (shownFor !== asked) return;
      if (isRefusal(answer)) {
        const words = answer.code === "NOT_DEPLOYED" ? say("models.notDeployed") : answer.message;
        return notice(
          place,
          answer.code === "NOT_DEPLOYED" ? "plain" : "bad",
          `${words} ${say("models.typeIt")}`,
        );
      }
      choices = choicesOf(answer.models);
      const { workspace, models } = answer;
      if (models.length === 0) return notice(place, "plain", say("models.none", { workspace }));
      notice(place, "good", say("models.found", { workspace, models: models.length }));
      isFound = true;
      rows.openChoices();
    };
    $("#node-input-account").on("change", () => {
      if (chosen() !== shownFor) void loadModels(false);
    });
    $("#roboflow-video-models-again").on("click", () => void loadModels(true));
  },
  oneditsave() {
    const models = openRows?.read() ?? [];
    if (JSON.stringify(models) !== JSON.stringify(this.models ?? [])) this.models = models;
    openRows = undefined;
  },
});
