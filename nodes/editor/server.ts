import { requestHeader } from "../runtime/request-header";
import { sharedWords } from "./words";

/** What a call to Node-RED's server came to when it did not come to an answer; `message` is for the user. */
export interface Refusal {
  ok: false;
  code: string;
  message: string;
}

/** An account as it stands in the editor, deployed or not. */
interface EditedAccount {
  baseUrl: string;
  apiKey: string;
  tls: string;
  proxy: string;
}

export interface TrainedModel {
  modelId: string;
  modelVersion: string;
  /** Of the project, as people named it. */
  name: string;
  versionName: string;
  inferenceType: string;
  /** Seconds since 1970. */
  created: number;
}

export interface PendingJob {
  entry: string;
  fileName: string;
  jobId: string;
  since: string;
  polls: number;
  nextPoll: string;
}

/** What the dialog of a viewer is told; `root` is null where Node-RED serves no pages. */
interface PageAccess {
  root: string | null;
  guard: "password" | "middleware" | "none";
}

/** @param account whose stored key is meant; empty for the key typed. */
export const testAccount = (account: string, edited: EditedAccount) =>
  call<{ ok: true; workspace: string }>("POST", "roboflow-video/account/test", { account, ...edited });

export const listModels = (account: string, edited: EditedAccount, refresh: boolean) =>
  call<{ ok: true; workspace: string; models: TrainedModel[] }>(
    "POST",
    `roboflow-video/account/${encodeURIComponent(account)}/models`,
    { ...edited, refresh },
  );

export const listPendingJobs = (node: string) =>
  call<{ ok?: true; jobs: PendingJob[] }>("GET", `roboflow-video/poll/${encodeURIComponent(node)}/jobs`);

export const forgetJob = (node: string, entry: string) =>
  call<{ ok?: true }>("POST", `roboflow-video/poll/${encodeURIComponent(node)}/forget`, { entry });

/** Whether there is such a folder on the machine that runs Node-RED. */
export const checkFolder = (folder: string) =>
  call<{ ok?: true; state: "folder" | "file" | "missing" }>("POST", "roboflow-video/folder/check", {
    folder,
  });

/** Whether the server of a clip asks for a login, as the machine that runs Node-RED sees it. */
export const checkAddress = (url: string) =>
  call<{ ok?: true; state: "open" | "needsLogin" | "unreachable" }>("POST", "roboflow-video/upload/check", {
    url,
  });

/** Who can open the pages of flows, such as the viewer's. */
export const pageAccess = () => call<PageAccess & { ok?: true }>("GET", "roboflow-video/viewer/access");

/** Never fails: whatever goes wrong comes back as a Refusal. The address is relative, so that it works under any httpAdminRoot. */
export function call<Answer>(method: "GET" | "POST", url: string, body?: object): Promise<Answer | Refusal> {
  return new Promise((resolve) => {
    $.ajax({
      url,
      method,
      cache: method !== "GET",
      // jQuery sets it for requests to the same origin; said here, since the server asks for it.
      headers: { [requestHeader]: "XMLHttpRequest" },
      ...(body ? { contentType: "application/json", data: JSON.stringify(body) } : {}),
      timeout: 60_000,
      success: (answer: Answer | undefined) => resolve(answer ?? ({} as Answer)),
      error: (response: JQuery.jqXHR) => resolve(refusalOf(response)),
    });
  });
}

function refusalOf({ status, responseJSON }: JQuery.jqXHR): Refusal {
  const { code, message } = (responseJSON ?? {}) as { code?: unknown; message?: unknown };
  const known = typeof code === "string" ? code : status === 404 ? "NOT_DEPLOYED" : "FAILED";
  return {
    ok: false,
    code: known,
    message: typeof message === "string" && message ? message : wordsFor(status, known),
  };
}

function wordsFor(status: number, code: string): string {
  if (code === "OTHER_ORIGIN") return sharedWords("server.otherOrigin");
  if (status === 404) return sharedWords("server.notDeployed");
  if (status === 401 || status === 403) return sharedWords("server.notPermitted");
  return status === 0 ? sharedWords("server.unreachable") : sharedWords("server.failed", { status });
}

export const isRefusal = (answer: object): answer is Refusal => "ok" in answer && answer.ok === false;
