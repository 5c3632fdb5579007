import { type ByteSource, bufferSource, type Container, headSize, identify, withFileSource } from "../media";
import { fileError, type Video, VideoError, videoBuffer, videoFile } from "../roboflow";

/** A clip as it is when its turn comes: what it is by its bytes, and a way to read them. */
export interface Source {
  video: Video;
  container: Container;
}

/** Containers that are sent as they are (docs/api.md, "Limits"). */
const accepted: readonly Container[] = ["mp4", "avi", "mkv", "webm"];

/**
 * Looks at a clip: a Buffer, or the path of a file.
 *
 * @param name of a Buffer, for errors.
 * @throws VideoError INPUT when it is no clip, STORAGE when this computer cannot open it now.
 */
export async function openSource(clip: Buffer | string, name: string): Promise<Source> {
  if (Buffer.isBuffer(clip)) {
    const video = videoBuffer(clip, name);
    return { video, container: await containerOf(bufferSource(clip), name) };
  }
  // In this order: what changes from here on is noticed when it has been sent.
  const video = await videoFile(clip);
  try {
    return { video, container: await withFileSource(clip, (bytes) => containerOf(bytes, clip)) };
  } catch (error) {
    throw fileError(clip, error);
  }
}

/** What a clip is, by its bytes: the name of a file says nothing. Also the extension of the name that it is sent under. */
async function containerOf(bytes: ByteSource, shown: string): Promise<Container> {
  const found = identify(await bytes.read(0, headSize));
  if ("seems" in found) throw new VideoError("INPUT", "videoContent", { values: { path: shown } });
  const { container } = found;
  if (accepted.includes(container)) return container;
  throw new VideoError("INPUT", "videoContainer", { values: { path: shown, container } });
}
