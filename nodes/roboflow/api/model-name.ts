// Imported by the dialogs as well: nothing of Node.js here.

/** A model as people name it. */
export interface ModelName {
  /** The project's slug; empty where the text is. */
  project: string;
  /** Empty where the text names none. */
  version: string;
}

/** Roboflow's pages, whose addresses begin with the workspace. */
const pages = ["app.roboflow.com", "universe.roboflow.com"];
/** Roboflow's inference servers, whose addresses begin with the project. */
const servers = ["detect", "outline", "segment", "classify", "infer", "serverless"].map(
  (name) => `${name}.roboflow.com`,
);

const isNumber = (part: string | undefined): part is string => part !== undefined && /^\d+$/.test(part);

/**
 * Reads a model as people write or paste it: `project`, `project/4`, `workspace/project`, `workspace/project/4`, or the
 * address of its page (`https://universe.roboflow.com/workspace/project/model/4`) or of the server that runs it
 * (`https://detect.roboflow.com/project/4`).
 *
 * @returns undefined for a text that may mean anything else.
 */
export function readModelName(text: string): ModelName | undefined {
  const [, scheme, rest = ""] = /^(https?:\/\/)?([^?#]*)/i.exec(text.trim()) ?? [];
  const parts = rest.split("/").filter(Boolean);
  const host = parts[0]?.toLowerCase() ?? "";
  if (pages.includes(host)) return parts.length > 2 ? onPage(parts.slice(1)) : undefined;
  if (servers.includes(host)) return ofProject(parts.slice(1));
  if (scheme || host.includes(":") || (host.includes(".") && parts.length > 2)) return undefined;
  if (parts.length > 2) return isNumber(parts.at(-1)) ? onPage(parts) : undefined;
  return parts.length === 2 && !isNumber(parts[1]) ? onPage(parts) : ofProject(parts);
}

/** Workspace, project, whatever the page is called, and the version where there is one. */
function onPage([, project = "", ...rest]: string[]): ModelName {
  const last = rest.at(-1);
  return { project, version: isNumber(last) ? last : "" };
}

function ofProject(parts: string[]): ModelName | undefined {
  const [project = "", version = ""] = parts;
  return parts.length > 2 || (version && !isNumber(version)) ? undefined : { project, version };
}
