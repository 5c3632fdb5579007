/** Where uploads go; the name is the one that a real upload URL shows. */
export const inputBucket = "roboflow_video_inference_input_prod";
export const outputBucket = "roboflow_video_inference_output";

/** The account that the emulator's one key belongs to: with a file's name it makes the key of an upload. */
const accountId = "emulatorAccountk7Qx9vLpZ";

/** The content type that upload links are signed for. */
export const uploadType = "application/octet-stream";

/** The path of an upload. */
export const uploadPath = (fileName: string): string =>
  `/${inputBucket}/${accountId}/${encodeURIComponent(fileName)}`;

/** The path of a job's result. */
export const resultPath = (jobId: string): string => `/${outputBucket}/${jobId}/results.json`;

/** @returns the file name that a path of the input bucket stands for, undefined for another account's or none. */
export function uploadNamed([bucket, account, name, ...more]: string[]): string | undefined {
  return bucket === inputBucket && account === accountId && more.length === 0 ? name : undefined;
}
