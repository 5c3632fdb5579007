import { requestHeader } from "../runtime/request-header";
import { sharedWords } from "./words";

/** What a call to Node-RED's server came to when it did not come to an answer; `message` is for the user. */
export interface Refusal {
  ok: false;
  code: string;
  message: string;
}

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
