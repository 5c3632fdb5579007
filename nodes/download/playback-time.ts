// Imported by the dialog as well: nothing of Node.js or Node-RED here.

/** Seconds of playback as a player shows them, with tenths: `0:12.4`, `1:02:03.0`. */
export function playbackTime(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  const [hours, minutes] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60];
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}
