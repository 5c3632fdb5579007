import { isSuccess, readAnswer, refusal } from "../api/answers";
import type { VideoError } from "../errors";
import type { Network } from "../http/network";
import { retries, withRetries } from "../http/retry";
import { secretsOfUrl } from "../redact";
import type { Video } from "./video";

/** Milliseconds between two reports of progress. */
const reportEvery = 500;

/**
 * Uploads a video to a signed URL (docs/api.md, call 2), read from its start for every try.
 *
 * @param hooks `progress` is called with the bytes sent so far, about twice a second.
 * @throws VideoError INPUT `videoChanged` when it is not what `video` was made of any more.
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
      let sent = 0;
      let readError: unknown;
      async function* chunks(): AsyncGenerator<Buffer> {
        try {
          for await (const chunk of video.chunks()) {
            sent += chunk.length;
            yield chunk;
          }
        } catch (error) {
          readError = error;
          throw error;
        }
      }
      const report = setInterval(() => hooks.progress?.(sent), reportEvery);
      try {
        const response = await network.request({
          method: "PUT",
          url: signedUrl,
          headers: { "Content-Type": "application/octet-stream", "Content-Length": video.size },
          body: chunks(),
          signal: hooks.signal,
          fresh: true,
        });
        const answer = await readAnswer(response, secretsOfUrl(signedUrl));
        if (!isSuccess(answer.status)) throw refusal(answer, "storage");
      } catch (error) {
        hooks.signal.throwIfAborted();
        if (readError) throw readError;
        // A file that became shorter than its announced length ends as a broken connection.
        await video.verify();
        throw error;
      } finally {
        clearInterval(report);
      }
    },
    hooks.pause,
  );
  await video.verify();
}
