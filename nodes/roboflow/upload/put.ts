import { isSuccess, readAnswer, refusal } from "../api/answers";
import { VideoError } from "../errors";
import type { Network } from "../http/network";
import { retries, withRetries } from "../http/retry";
import { secretsOfUrl } from "../redact";
import type { Video } from "./video";

/** Milliseconds between two reports of progress. */
const reportEvery = 500;

/**
 * Uploads a video to a signed URL (docs/api.md, call 2), opened anew for every try.
 *
 * @param hooks `progress` is called with the bytes sent so far, about twice a second.
 */
export async function putVideo(
  network: Network,
  signedUrl: string,
  video: Video,
  hooks: {
    signal: AbortSignal;
    pause?: (error: VideoError, wait: number) => void;
    progress?: (bytes: number) => void;
  },
): Promise<void> {
  await withRetries(
    retries.repeatable,
    hooks.signal,
    async () => {
      const { stream, sent } = video.open();
      let readError: Error | undefined;
      stream.on("error", (error) => {
        readError = error;
      });
      const report = setInterval(() => hooks.progress?.(sent()), reportEvery);
      try {
        const response = await network.request({
          method: "PUT",
          url: signedUrl,
          headers: { "Content-Type": "application/octet-stream", "Content-Length": video.size },
          body: stream,
          sent,
          signal: hooks.signal,
          fresh: true,
        });
        const answer = await readAnswer(response, secretsOfUrl(signedUrl));
        if (!isSuccess(answer.status)) throw refusal(answer, "storage");
      } catch (error) {
        hooks.signal.throwIfAborted();
        if (readError) throw new VideoError("INPUT", "videoReadFailed", { cause: readError });
        // A file that became shorter than its announced length ends as a broken connection.
        await video.verify();
        throw error;
      } finally {
        clearInterval(report);
        stream.destroy();
      }
    },
    hooks.pause,
  );
  await video.verify();
}
