import path from "node:path";
import { pipeline } from "node:stream/promises";
import type { Request, Response } from "express";
import type { NodeAPI } from "node-red";
import { type DetectionEvent, Semaphore, setKey, withoutSecrets } from "../../roboflow";
import { guards } from "../../runtime/admin";
import { parseFraction } from "../../runtime/numbers";
import type { PlayableClips } from "../../runtime/playable";
import { replaceFile } from "../../runtime/replace-file";
import type { Summary } from "../data";
import type { ViewerClips } from "./clips";
import { readJson } from "./files";
import { beginningOf, keptEvents, keptTable, windowBytes } from "./kept";
import { pageFile, pageHtml } from "./page-files";
import { type KeptSummary, windowFile } from "./recording";
import { runAll, type Site } from "./sites";
import type { StoredClip } from "./stored-clip";
import { openVideo, sendVideo } from "./video";

/** Scripts and styles of the page's own files only; a video may be at an address of its own. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' http: https:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join("; ");

const headers = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
};

/** Events that are answered; a page shows fewer. */
const mostEvents = 10_000;
/** Events whose outcome is kept in a file. */
const eventsCache = "events.json";

const notFound = Symbol("not found");
type Answer = object | typeof notFound | undefined;

/** The page of one viewer and what it asks for. */
export class ViewerSite implements Site {
  readonly #RED: NodeAPI;
  readonly #path: string;
  readonly #store: ViewerClips;
  readonly #playable: PlayableClips;
  /** A clip is read through for its events: one at a time. */
  readonly #reading = new Semaphore(1);

  constructor(
    RED: NodeAPI,
    { path, store, playable }: { path: string; store: ViewerClips; playable: PlayableClips },
  ) {
    this.#RED = RED;
    this.#path = path;
    this.#store = store;
    this.#playable = playable;
  }

  answer(request: Request, response: Response, rest: string): void {
    response.set(headers);
    if (rest === "" || rest === "/") {
      this.#page(request, response, rest);
      return;
    }
    const parts = partsOf(rest);
    const act = parts && this.#actionFor(request.method, parts);
    const refuse = () => refuseWith(response, 404, "NOT_FOUND");
    if (!act) {
      refuse();
      return;
    }
    const isChange = request.method === "DELETE";
    const next = () => refuseWith(response, 500, "FAILED");
    runAll(isChange ? guards.POST : guards.GET, request, response, next, () => {
      this.#run(() => act(request, response), response, refuse);
    });
  }

  /** Never rejects: nobody would hear it, and Node.js ends the process then. */
  async #run(act: () => Answer | Promise<Answer>, response: Response, refuse: () => void): Promise<void> {
    try {
      const answer = await act();
      if (answer === notFound) refuse();
      else if (answer !== undefined) response.set("Cache-Control", "no-store").json(answer);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Whoever asked has gone.
      if (code === "ERR_STREAM_PREMATURE_CLOSE") return;
      if (response.headersSent) response.destroy();
      // Deleted while it was being read.
      else if (code === "ENOENT") refuse();
      else refuseWith(response, 500, "FAILED");
      if (code !== "ENOENT") this.#RED.log.error(withoutSecrets(String(error)));
    }
  }

  #page(request: Request, response: Response, rest: string): void {
    const base = this.#path.split("/").pop() ?? "";
    if (!isReading(request.method)) {
      refuseWith(response, 405, "METHOD");
      return;
    }
    // The page's relative addresses count from its path without a slash at the end.
    if (rest === "/") {
      const query = request.originalUrl.slice(request.originalUrl.split("?")[0]?.length);
      response.status(302).set("Location", `../${base}${query}`).end();
      return;
    }
    try {
      response
        .set({ "Content-Security-Policy": pagePolicy, "Cache-Control": "no-cache" })
        .type("html")
        .send(pageHtml(base));
    } catch (error) {
      this.#RED.log.error(withoutSecrets(String(error)));
      refuseWith(response, 500, "FAILED");
    }
  }

  #actionFor(
    method: string,
    parts: string[],
  ): ((request: Request, response: Response) => Answer | Promise<Answer>) | undefined {
    const [first = "", id, part, number] = parts;
    const clip = () => (id === undefined ? undefined : this.#store.get(id));
    const of =
      (act: (clip: StoredClip, request: Request, response: Response) => Answer | Promise<Answer>) =>
      (request: Request, response: Response) => {
        const found = clip();
        return found ? act(found, request, response) : notFound;
      };
    const place = `${first}${id === undefined ? "" : "/:id"}${part === undefined ? "" : `/${part}`}${number === undefined ? "" : "/:number"}`;
    if (parts.length > 4) return undefined;
    if (method === "DELETE") return place === "clips/:id" ? () => this.#delete(id as string) : undefined;
    if (!isReading(method)) return undefined;
    switch (place) {
      case "page.js":
      case "page.css":
        return (_, response) => sendFile(response, first);
      case "clips":
        return () => Promise.all(this.#store.all().map((each) => this.#described(each)));
      case "clips/:id":
        return of((found) => this.#described(found));
      case "clips/:id/video":
        return of((found, request, response) => this.#video(found, request, response));
      case "clips/:id/csv":
        return of((found, request, response) => this.#table(found, request, response));
      case "page/:id":
        return id === "clips" ? () => this.#store.list() : undefined;
      case "page/:id/summary":
        return of((found) => pageSummary(found) ?? notFound);
      case "page/:id/events":
        return of((found, request) => this.#eventsFrom(found, request));
      case "page/:id/frames/:number":
        return of((found, _, response) => sendWindow(found, number as string, response));
      default:
        return undefined;
    }
  }

  #delete(id: string): Answer {
    return this.#store.remove(id) ? { ok: true } : notFound;
  }

  /** A clip as programs get it. */
  async #described(clip: StoredClip): Promise<object> {
    const { id, fileName, jobId, kept, resultFrames, failure } = clip.file;
    const { state } = this.#store.state(clip);
    const classes: Record<string, number> = {};
    for (const [name, count] of kept?.classes ?? []) setKey(classes, name, count);
    const isRead = state === "done" || state === "failed";
    return {
      id,
      fileName,
      state,
      jobId: jobId ?? null,
      frames: Math.max(resultFrames ?? 0, kept?.frames ?? 0),
      detections: kept?.detections ?? 0,
      classes,
      events: isRead ? (await this.#events(clip, 0)).events : [],
      error: state === "failed" ? (failure?.error ?? null) : null,
    };
  }

  #eventsFrom(clip: StoredClip, request: Request): Answer | Promise<Answer> {
    const confidence = confidenceIn(request);
    return confidence === undefined ? notFound : this.#events(clip, confidence);
  }

  /** Events of a clip; those of all its detections are made once and kept. */
  async #events(
    clip: StoredClip,
    minConfidence: number,
  ): Promise<{ total: number; events: DetectionEvent[] }> {
    const summary = clip.summary();
    if (!summary || summary.frames + summary.events === 0) return { total: 0, events: [] };
    const file = path.join(clip.folder, eventsCache);
    const of = `${summary.source} ${summary.next} ${summary.frames}`;
    const isKept = minConfidence === 0 && summary.kind === "frames" && !clip.isRecording;
    const known = isKept
      ? readJson<{ of: string; total: number; events: DetectionEvent[] }>(file)
      : undefined;
    if (known?.of === of) return { total: known.total, events: known.events };
    const signal = AbortSignal.timeout(60_000);
    return this.#reading.run(async () => {
      const found = await keptEvents(clip.folder, summary, minConfidence, mostEvents);
      // The folder may be gone by now.
      if (isKept && this.#store.get(clip.file.id) === clip)
        replaceFile(file, JSON.stringify({ of, ...found }));
      return found;
    }, signal);
  }

  async #video({ file }: StoredClip, request: Request, response: Response): Promise<Answer> {
    const { videoPath, videoUrl } = file;
    if (videoPath !== undefined && this.#playable.isKnown(videoPath)) {
      const video = await openVideo(videoPath);
      if (video) {
        await sendVideo(request, response, video);
        return undefined;
      }
    }
    // For a player only: a link to here must not lead a visitor away.
    if (videoPath !== undefined || videoUrl === undefined || request.get("Sec-Fetch-Dest") === "document")
      return notFound;
    response.status(302).set({ Location: videoUrl, "Cache-Control": "no-store" }).end();
    return undefined;
  }

  async #table(clip: StoredClip, request: Request, response: Response): Promise<Answer> {
    const summary = clip.summary();
    const minConfidence = confidenceIn(request);
    if (summary?.kind !== "frames" || minConfidence === undefined) return notFound;
    if (clip.isRecording) clip.flush();
    const { fileName, jobId = "" } = clip.file;
    response.set({
      "Content-Type": "text/csv; charset=utf-8",
      "Content-Disposition": `attachment; filename="${plainName(fileName)}.csv"`,
      "Cache-Control": "no-store",
    });
    if (request.method === "HEAD") {
      response.end();
      return undefined;
    }
    await pipeline(keptTable(clip.folder, summary, { minConfidence, clip: fileName, job: jobId }), response);
    return undefined;
  }
}

const isReading = (method: string) => method === "GET" || method === "HEAD";

/** The parts of a path; undefined where one of them is no text. */
function partsOf(rest: string): string[] | undefined {
  try {
    return rest.slice(1).split("/").map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function refuseWith(response: Response, status: number, code: string): void {
  response.status(status).set("Cache-Control", "no-store").json({ ok: false, code });
}

/** Files of the page have their version in the address. */
function sendFile(response: Response, name: string): Answer {
  const file = pageFile(name);
  if (!file) return notFound;
  response
    .set({ "Content-Type": file.type, "Cache-Control": "public, max-age=31536000, immutable" })
    .send(file.content);
  return undefined;
}

/** What the page gets of a summary. */
function pageSummary(clip: StoredClip): Summary | undefined {
  const summary = clip.summary();
  if (!summary) return undefined;
  const {
    next: _next,
    complete: _complete,
    eventBytes: _bytes,
    events: _events,
    ...shown
  }: KeptSummary = summary;
  return shown;
}

async function sendWindow(clip: StoredClip, number: string, response: Response): Promise<Answer> {
  const summary = /^\d{1,6}$/.test(number) ? clip.summary() : undefined;
  const bytes = summary && windowBytes(summary, Number(number));
  if (!bytes) return notFound;
  response.set({ "Content-Type": "application/jsonl; charset=utf-8", "Cache-Control": "no-store" });
  response.set("Content-Length", String(bytes));
  await pipeline(beginningOf(path.join(clip.folder, windowFile(Number(number))), bytes), response);
  return undefined;
}

/** The least confidence that a request asks for; undefined for what is none. */
function confidenceIn({ query }: Request): number | undefined {
  return query.confidence === undefined ? 0 : parseFraction(query.confidence);
}

/** A name that stands in a header and on any disk. */
const plainName = (fileName: string): string =>
  fileName
    .replace(/\.[^.]*$/, "")
    .replace(/[^\w.-]+/g, "_")
    .slice(0, 80) || "clip";
