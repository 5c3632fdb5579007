// Imported by the dialog as well: nothing of Node.js or Node-RED here.

/** One row of the list of models in the start node's dialog. */
export interface ModelRow {
  /** The project's slug (Mustache template); `project/4` is accepted and split. */
  modelId: string;
  modelVersion: string;
  /** `object-detection`, `classification`, `instance-segmentation`, `keypoint-detection`, `clip-embed-image` or `gaze-detection`. */
  inferenceType: string;
  /** 0 to 1, or empty for the model's own. */
  confidence: string | number;
  /** JSON text of further `inference_params`, or empty. */
  inferenceParams: string;
}

/** A row in which no model is chosen yet: the only one of a new node. */
export const emptyModelRow: ModelRow = {
  modelId: "",
  modelVersion: "",
  inferenceType: "object-detection",
  confidence: "",
  inferenceParams: "",
};

/** What a start node holds as saved in a flow. */
export interface StartOptions {
  name: string;
  account: string;
  inputUrl: string;
  inputUrlType: string;
  inferFps: string | number;
  inferFpsType: string;
  /** Empty: `msg.models`, in the API's own form. */
  models: ModelRow[];
}

export const startDefaults: StartOptions = {
  name: "",
  account: "",
  inputUrl: "payload",
  inputUrlType: "msg",
  inferFps: 5,
  inferFpsType: "num",
  models: [],
};
