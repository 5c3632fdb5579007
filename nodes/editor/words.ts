import { name as module } from "../../package.json";
import type account from "../locales/en-US/account.json";
import type download from "../locales/en-US/download.json";
import type folder from "../locales/en-US/folder.json";
import type poll from "../locales/en-US/poll.json";
import type start from "../locales/en-US/start.json";
import type upload from "../locales/en-US/upload.json";
import type viewer from "../locales/en-US/viewer.json";
import { fill } from "../runtime/fill";

/** The English catalogues by node type: a key that is not in one does not compile. */
interface Catalogues {
  "roboflow-video-account": typeof account;
  "roboflow-video-folder": typeof folder;
  "roboflow-video-upload": typeof upload;
  "roboflow-video-start": typeof start;
  "roboflow-video-poll": typeof poll;
  "roboflow-video-download": typeof download;
  "roboflow-video-viewer": typeof viewer;
}

/** Keys of the texts in a catalogue, such as `label.node`. */
type KeyOf<Catalogue> = {
  [Name in keyof Catalogue & string]: Catalogue[Name] extends string
    ? Name
    : `${Name}.${KeyOf<Catalogue[Name]>}`;
}[keyof Catalogue & string];

/**
 * Reads the catalogue of one node type, in the language of the browser; `__name__` in a text stands for a value. Values
 * are filled in here, as they are: i18next would look for keys in them, in exponential time.
 */
export const wordsOf =
  <Type extends keyof Catalogues>(type: Type) =>
  (key: KeyOf<Catalogues[Type]>, values: Record<string, string | number> = {}): string =>
    fill(RED._(`${module}/${type}:${key}`), values);

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
