/** Seconds of playback as a player shows them: `1:02:03.4`. */
export function clock(time: number, tenths = true): string {
  const whole = Math.floor(time * 10 + 0.01) / 10;
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const seconds = (whole % 60).toFixed(tenths ? 1 : 0).padStart(tenths ? 4 : 2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
}
