import { name as module } from "../../package.json";
import type { Words } from "./red";

/** Reads the catalogue of one node type, in the language of the browser; `__name__` in a text stands for a value. */
export const wordsOf =
  (type: string): Words =>
  (key, values) =>
    RED._(`${module}/${type}:${key}`, values);

/** What several dialogs say stands in the catalogue of the account, which every flow with these nodes has. */
export const sharedWords = wordsOf("roboflow-video-account");

/** A moment as people write it: the time alone when it is today's. */
export function moment(time: Date): string {
  const today = time.toDateString() === new Date().toDateString();
  return time.toLocaleString(RED.i18n.lang(), {
    ...(today ? {} : { dateStyle: "short" }),
    timeStyle: "short",
  });
}

export const day = (time: Date): string =>
  time.toLocaleDateString(RED.i18n.lang(), { year: "numeric", month: "short", day: "numeric" });

/** "in 40 sec.", "in 5 min.", or "now" when the moment has passed. */
export function untilThen(time: Date): string {
  const seconds = Math.max(0, Math.round((time.getTime() - Date.now()) / 1000));
  const format = new Intl.RelativeTimeFormat(RED.i18n.lang(), { style: "short", numeric: "auto" });
  return seconds < 120 ? format.format(seconds, "second") : format.format(Math.round(seconds / 60), "minute");
}
