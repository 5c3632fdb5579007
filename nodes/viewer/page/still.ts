import { clock } from "./clock";
import { element } from "./dom";
import { type Drawn, draw } from "./overlay";

/** Pixels of a picture without a video. */
const blankWidth = 1280;

/**
 * Saves what is on the screen as a PNG, in the size of the video.
 *
 * @throws DOMException where the browser does not allow it, as of a video from another server
 */
export async function saveStill(
  video: HTMLVideoElement,
  seen: readonly Drawn[],
  options: { image: { width: number; height: number }; hasPicture: boolean; name: string; time: number },
): Promise<void> {
  const { image, hasPicture, name, time } = options;
  const scale = blankWidth / image.width;
  const size = hasPicture
    ? { width: video.videoWidth, height: video.videoHeight }
    : { width: blankWidth, height: Math.max(1, Math.round(image.height * scale)) };
  const canvas = element("canvas", size);
  const pen = canvas.getContext("2d");
  if (!pen) throw new DOMException("no canvas");
  pen.fillStyle = "#0b0b0d";
  pen.fillRect(0, 0, size.width, size.height);
  if (hasPicture) pen.drawImage(video, 0, 0, size.width, size.height);
  // As thick as they look on a screen of usual width.
  draw(pen, seen, image, { sharp: Math.max(1, size.width / 960), keep: true });
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!blob) throw new DOMException("no picture");
  const url = URL.createObjectURL(blob);
  const stem = name.replace(/\.[^.]*$/, "").replace(/[^\p{L}\p{N}._-]+/gu, "_") || "clip";
  const link = element("a", { href: url, download: `${stem}-${clock(time).replace(/[:.]/g, "-")}.png` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
