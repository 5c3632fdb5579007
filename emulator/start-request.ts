import { type Answer, apiError } from "./answers";
import { inferenceTypes, type RequestedModel } from "./entries";
import type { JobRequest } from "./jobs";
import type { SignedUrls } from "./signed-urls";
import type { Upload, Uploads } from "./uploads";
import { problemWithModel } from "./workspace";

/**
 * Checks the body of a start request (docs/api.md, "The calls", 3).
 * @returns the job to start, or the refusal
 */
export function readStartRequest(
  body: unknown,
  uploads: Uploads,
  signedUrls: SignedUrls,
): JobRequest | Answer {
  if (typeof body !== "object" || body === null) return apiError(422, "the body must be a JSON object");
  const { input_url: inputUrl, infer_fps: inferFps, models } = body as Record<string, unknown>;
  if (typeof inputUrl !== "string" || !/^https?:\/\//.test(inputUrl)) {
    return apiError(422, "input_url must be an http or https URL");
  }
  if (typeof inferFps !== "number" || !(inferFps >= 1))
    return apiError(422, "infer_fps must be a number of at least 1");
  if (!Array.isArray(models) || models.length === 0)
    return apiError(422, "models must name at least one model");
  for (const model of models) {
    const refusal = refuseModel(model);
    if (refusal) return refusal;
  }
  const source = findSource(inputUrl, uploads, signedUrls);
  if (typeof source === "object" && "status" in source) return source;
  const clip = typeof source === "string" ? lastPart(source) : source.name;
  return { source, clip, inferFps, models: models as RequestedModel[] };
}

function refuseModel(model: unknown): Answer | undefined {
  if (typeof model !== "object" || model === null) return apiError(422, "each model must be an object");
  const { model_id: id, model_version: version, inference_type: type } = model as Record<string, unknown>;
  if (typeof id !== "string" || !id) return apiError(422, "model_id is missing");
  if (typeof version !== "string" || !version)
    return apiError(422, `model_version of ${id} must be a string`);
  if (!inferenceTypes.includes(type as string))
    return apiError(422, `inference_type ${type} is not supported`);
  const problem = problemWithModel(id, version);
  return problem ? apiError(404, problem) : undefined;
}

function findSource(inputUrl: string, uploads: Uploads, signedUrls: SignedUrls): Upload | string | Answer {
  const { pathname, search } = new URL(inputUrl);
  const [, bucket, id] = pathname.split("/");
  if (bucket !== "roboflow_video_inference_input") return inputUrl;
  const upload = uploads.get(id ?? "");
  // A link that may no longer be uploaded to still names its video for a week.
  if (!upload || signedUrls.verify(pathname + search) === "bad-signature") {
    return apiError(400, "input_url does not name an upload");
  }
  if (uploads.isPast(upload)) return apiError(400, "the video behind input_url has expired");
  if (!upload.complete) return apiError(400, "nothing was uploaded to input_url");
  return upload;
}

function lastPart(url: string): string {
  const name = new URL(url).pathname.split("/").at(-1) ?? "";
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
