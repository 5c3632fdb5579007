import { type Answer, apiError } from "./answers";
import { inputBucket, uploadNamed, uploadType } from "./buckets";
import { inferenceTypes, type RequestedModel } from "./entries";
import type { InputBucket } from "./input-bucket";
import type { JobRequest, VideoSource } from "./jobs";
import { clipOf } from "./ledger";
import { pathParts } from "./routes";
import type { SignedUrls } from "./signed-urls";
import { problemWithModel } from "./workspace";

/**
 * Checks the body of a start request (docs/api.md, "The calls", 3).
 * @returns the job to start, or the refusal
 */
export function readStartRequest(
  body: unknown,
  bucket: InputBucket,
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
  const source = findSource(inputUrl, bucket, signedUrls);
  if ("status" in source) return source;
  const clip = clipOf("upload" in source ? source.upload : lastPart(source.url));
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

function findSource(inputUrl: string, bucket: InputBucket, signedUrls: SignedUrls): VideoSource | Answer {
  const { pathname, search, host } = new URL(inputUrl);
  const parts = pathParts(pathname);
  if (parts[0] !== inputBucket) return { url: inputUrl };
  const upload = uploadNamed(parts);
  const signedFor = { method: "PUT", host, contentType: uploadType } as const;
  // A link that may no longer be uploaded to still names its video for a week.
  if (!upload || signedUrls.verify(pathname + search, signedFor) === "bad-signature") {
    return apiError(400, "input_url does not name an upload");
  }
  const video = bucket.get(upload);
  if (!video) return apiError(400, "nothing was uploaded to input_url");
  if (bucket.isPast(video)) return apiError(400, "the video behind input_url has expired");
  return { upload };
}

const lastPart = (url: string): string => pathParts(new URL(url).pathname).at(-1) ?? "";
