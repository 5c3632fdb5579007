import manifest from "../../package.json";

/** The nodes of this package by their short names, such as `poll`, in the order of package.json; the account among them. */
export const nodeNames = Object.keys(manifest["node-red"].nodes).map((type) =>
  type.replace("roboflow-video-", ""),
);

/** Those that stand in a flow. */
export const flowNodeNames = nodeNames.filter((name) => name !== "account");
