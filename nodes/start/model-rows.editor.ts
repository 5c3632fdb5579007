import { isKnownLater, isVariable } from "../editor/checks";
import { type Choice, combobox } from "../editor/combobox";
import { day, wordsOf } from "../editor/words";
import { readModelName } from "../roboflow/api/model-name";
import {
  type AvailableModel,
  foundationModel,
  foundationModels,
  inferenceTypes,
  isOneOf,
} from "../roboflow/api/model-types";
import { parseFraction } from "../runtime/numbers";
import { emptyModelRow, type ModelRow } from "./options";

const say = wordsOf("roboflow-video-start");

interface ModelChoice extends Choice {
  modelId: string;
  modelVersion: string;
  inferenceType: string;
}

// Gaze detection still runs where a flow or a message asks for it, but the inference server has removed it
// (docs/api.md): it is neither among the models nor among the types to choose from.
const selectableModels = foundationModels.filter(({ modelId }) => modelId !== "gaze");
const selectableTypes = inferenceTypes.filter((type) => type !== "gaze-detection");

/** What there is to choose: the workspace's models by project, the project trained last on top, then the one that everyone has. */
export function choicesOf(models: AvailableModel[]): ModelChoice[] {
  const projects = new Map<string, AvailableModel[]>();
  for (const model of models) {
    const versions = projects.get(model.modelId);
    if (versions) versions.push(model);
    else projects.set(model.modelId, [model]);
  }
  const trained = [...projects.values()].flat().map(
    ({ modelId, modelVersion, name, versionName, inferenceType, created }): ModelChoice => ({
      modelId,
      modelVersion,
      inferenceType,
      group: name || modelId,
      title: say("model.version", { version: modelVersion }),
      detail: [typeName(inferenceType), created ? day(new Date(created * 1000)) : ""]
        .filter(Boolean)
        .join(" · "),
      keywords: `${modelId}/${modelVersion} ${versionName ?? ""}`,
    }),
  );
  const ready = selectableModels.map(
    (model): ModelChoice => ({
      ...model,
      group: say("model.ready"),
      title: say(`model.${model.modelId}`),
      detail: typeName(model.inferenceType),
      keywords: `${model.modelId}/${model.modelVersion}`,
    }),
  );
  return [...trained, ...ready];
}

/** A type of a later version, or of somebody's flow, as it is. */
function typeName(type: string): string {
  return isOneOf(inferenceTypes, type) ? say(`type.${type}`) : type;
}

// What may be wrong with one row, in the words shown at its field and, before Deploy, at the node. Nothing of what stands
// in the row is repeated: the editor shows some of these words as HTML, and a flow may be anybody's.

const complaints: { [Field in keyof ModelRow]: (text: string, row: ModelRow) => string | undefined } = {
  modelId: (text) => {
    if (!text) return say("validate.model");
    return readModelName(text) ? undefined : say("validate.modelAddress");
  },
  modelVersion: (text, { modelId }) => {
    const name = readModelName(modelId);
    const isKnown = !name?.project || name.version || isKnownLater(modelId) || foundationModel(name.project);
    return text || isKnown ? undefined : say("validate.version");
  },
  inferenceType: (text) => (text ? undefined : say("validate.type")),
  confidence: (text) => (text && parseFraction(text) === undefined ? say("validate.confidence") : undefined),
  inferenceParams: (text) => (text && !isJsonObject(text) ? say("validate.json") : undefined),
};

/** The others stand as they are for every message. */
const templates = new Set<keyof ModelRow>(["modelId", "modelVersion"]);

const fields = Object.keys(complaints) as (keyof ModelRow)[];

/** The row's field as text; a row of an older flow may lack it. */
const textOf = (row: Partial<ModelRow>, field: keyof ModelRow): string =>
  String(row[field] ?? emptyModelRow[field]).trim();

const complaintOf = (row: ModelRow, field: keyof ModelRow): string | undefined => {
  const text = textOf(row, field);
  const isLater = templates.has(field) ? isKnownLater(text) : isVariable(text);
  return isLater ? undefined : complaints[field](text, row);
};

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** For the `models` property as a whole. */
export function wrongModels(value: unknown): string | undefined {
  if (!Array.isArray(value)) return undefined;
  for (const row of value as ModelRow[]) {
    const found = fields.map((field) => complaintOf(row, field)).find(Boolean);
    if (found) return found;
  }
  return sameProject(value as ModelRow[]);
}

/** The result has one column for each project. */
function sameProject(rows: ModelRow[]): string | undefined {
  const seen = new Set<string>();
  for (const row of rows) {
    const text = textOf(row, "modelId");
    const project = isKnownLater(text) ? undefined : readModelName(text)?.project;
    if (project && seen.has(project)) return say("validate.sameProject");
    if (project) seen.add(project);
  }
  return undefined;
}

interface RowItem {
  /** The row as it stood in the flow, kept as it is unless the user changes it. */
  original?: ModelRow;
  /** What the fields say, all of it text. */
  read(): ModelRow;
  /** The model's field. */
  model: JQuery;
  /** Opens the list of models. */
  open(): void;
}

/** The list of models in the dialog of a start node. */
export class ModelRows {
  constructor(
    private readonly list: JQuery,
    rows: ModelRow[],
    private readonly choices: () => ModelChoice[],
    private readonly changed: () => void,
  ) {
    list.editableList<Partial<RowItem>>({
      addButton: say("model.add"),
      height: "auto",
      removable: true,
      sortable: true,
      addItem: (container, _index, item) => this.build(container, item),
      removeItem: changed,
      sortItems: changed,
    });
    for (const original of rows) list.editableList("addItem", { original });
  }

  get isEmpty(): boolean {
    return this.items().length === 0;
  }

  /** Puts the cursor where nothing is chosen yet; the list opens there when it comes ({@link openChoices}). */
  focusEmpty(): void {
    this.emptyItem()?.model.trigger("focus");
  }

  /** Opens the list of models where the cursor stands in a field in which nothing is chosen yet. */
  openChoices(): void {
    const item = this.emptyItem();
    if (item?.model.is(":focus")) item.open();
  }

  private emptyItem(): RowItem | undefined {
    return this.items().find(({ model }) => model.val() === "");
  }

  /** Removes all rows: each message brings its own models. */
  clear(): void {
    this.list.editableList("empty");
    this.changed();
  }

  /**
   * The rows to save; those that nobody touched are the very objects that came in. Empty ones are left out beside others;
   * where there are none but empty ones, one stays: an empty list would mean something else.
   */
  read(): ModelRow[] {
    const rows = this.rows();
    const filled = rows.filter((row) =>
      fields.some((field) => field !== "inferenceType" && textOf(row, field) !== ""),
    );
    return filled.length > 0 ? filled : rows.slice(0, 1);
  }

  private rows(): ModelRow[] {
    return this.items().map(({ original, read }) => {
      const row = read();
      const isUntouched = original && fields.every((field) => textOf(original, field) === row[field]);
      return isUntouched ? original : { ...row, confidence: fractionOrText(textOf(row, "confidence")) };
    });
  }

  private items(): RowItem[] {
    return this.list
      .editableList("items")
      .toArray()
      .map((element) => $(element).data("data") as RowItem);
  }

  private build(container: JQuery, item: Partial<RowItem>): void {
    const row = item.original ?? emptyModelRow;
    const model = input("modelId", say("model.hint.modelId"));
    const version = input("modelVersion", "");
    const type = $("<select>", { class: "roboflow-video-model-type" });
    const confidence = input("confidence", say("model.hint.confidence")).attr("inputmode", "decimal");
    const params = $("<textarea>", { rows: 3, placeholder: '{"iou_threshold": 0.5}', spellcheck: false });
    const controls: Record<keyof ModelRow, JQuery> = {
      modelId: model,
      modelVersion: version,
      inferenceType: type,
      confidence,
      inferenceParams: params,
    };

    const chosenType = textOf(row, "inferenceType");
    const types =
      chosenType && !selectableTypes.some((name) => name === chosenType)
        ? [...selectableTypes, chosenType]
        : selectableTypes;
    for (const value of types) $("<option>", { value }).text(typeName(value)).appendTo(type);
    for (const field of fields) controls[field].val(textOf(row, field));

    const modelCell = cell("modelId", model);
    const more = $("<details>", { class: "roboflow-video-more" }).append(
      $("<summary>").text(say("model.more")),
      cell("inferenceParams", params),
    );
    more.prop("open", textOf(row, "inferenceParams") !== "");
    container
      .addClass("roboflow-video-model")
      .append(
        this.mover(container, "up"),
        this.mover(container, "down"),
        modelCell,
        cell("modelVersion", version),
        cell("inferenceType", type),
        cell("confidence", confidence),
        more,
      );
    container
      .closest("li")
      .find(".red-ui-editableList-item-remove")
      .attr({ role: "button", "aria-label": say("model.remove") });

    const read = () =>
      Object.fromEntries(
        fields.map((field) => [field, String(controls[field].val() ?? "").trim()]),
      ) as unknown as ModelRow;
    item.read = read;

    const judge = () => {
      for (const field of fields) {
        const complaint = complaintOf(read(), field);
        controls[field].toggleClass("input-error", complaint !== undefined).attr({
          "aria-invalid": String(complaint !== undefined),
          title: complaint ?? "",
        });
      }
      if (controls.inferenceParams.hasClass("input-error")) more.prop("open", true);
    };
    const fill = (values: Partial<ModelRow>) => {
      for (const [field, value] of Object.entries(values))
        controls[field as keyof ModelRow].val(String(value));
      judge();
      this.changed();
    };

    item.model = model;
    item.open = combobox<ModelChoice>(model, modelCell, {
      choices: this.choices,
      label: say("model.choices"),
      picked: ({ modelId, modelVersion, inferenceType }) => fill({ modelId, modelVersion, inferenceType }),
    });
    model.on("change", () => {
      // People copy `project/4`, or the address of a page, from Roboflow.
      const text = String(model.val());
      const { project: modelId, version: modelVersion } = readModelName(text) ?? {};
      if (!modelId || !modelVersion || isKnownLater(text)) return;
      const known = this.choices().find(
        (choice) => choice.modelId === modelId && choice.modelVersion === modelVersion,
      );
      fill({ modelId, modelVersion, ...(known ? { inferenceType: known.inferenceType } : {}) });
    });
    container.on("change keyup", "input, select, textarea", judge);

    if (item.original) judge();
    else {
      this.changed();
      // Once the row stands in the page.
      setTimeout(() => model.trigger("focus"));
    }
  }

  /** Rows are dragged by mouse; these buttons are the way by keyboard. */
  private mover(container: JQuery, way: "up" | "down"): JQuery {
    const label = say(`model.${way}`);
    return $("<button>", {
      type: "button",
      class: `red-ui-button red-ui-button-small roboflow-video-move roboflow-video-move-${way}`,
      "aria-label": label,
      title: label,
    })
      .append($("<i>", { class: `fa fa-angle-${way}`, "aria-hidden": "true" }))
      .on("click", (event) => {
        const row = container.closest("li");
        if (way === "up") row.insertBefore(row.prev());
        else row.insertAfter(row.next());
        $(event.currentTarget).trigger("focus");
        this.changed();
      });
  }
}

const input = (field: keyof ModelRow, placeholder: string): JQuery =>
  $("<input>", { type: "text", class: `roboflow-video-model-${field}`, placeholder, spellcheck: false });

const cell = (field: keyof ModelRow, control: JQuery): JQuery =>
  $("<div>", { class: `roboflow-video-cell roboflow-video-cell-${field}` }).append(
    $("<label>").append($("<span>").text(say(`model.${field}`)), control),
  );

/** `${NAME}` stays text. */
const fractionOrText = (text: string): number | string => parseFraction(text) ?? text;
