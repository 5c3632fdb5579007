import { createHash } from "node:crypto";
import { type IncomingHttpHeaders, request } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Emulator } from "../../emulator/emulator";

export const yardClip = join(__dirname, "..", "..", "demo", "clip", "yard.mp4");

export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  text: string;
  json: any;
}

interface Sent {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Give up after so many ms: "timeout" is the error's message then. */
  timeoutMs?: number;
}

/** One plain HTTP request. Rejects when the connection breaks, also in the middle of the body. */
export function call(
  url: string,
  { method = "GET", headers = {}, body, timeoutMs = 5000 }: Sent = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const bytes = Buffer.concat(chunks);
        const text = bytes.toString("utf8");
        let json: unknown;
        try {
          json = JSON.parse(text);
        } catch {
          json = undefined;
        }
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, bytes, text, json });
      });
    });
    outgoing.on("error", reject);
    const timer = setTimeout(() => outgoing.destroy(new Error("timeout")), timeoutMs);
    outgoing.on("close", () => clearTimeout(timer));
    outgoing.end(body);
  });
}

export function post(url: string, body: unknown, timeoutMs?: number): Promise<Reply> {
  const text = JSON.stringify(body);
  const headers = { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) };
  return call(url, { method: "POST", headers, body: text, timeoutMs });
}

export function put(url: string, body: Buffer, headers: Record<string, string> = {}, timeoutMs?: number) {
  const all = {
    "content-type": "application/octet-stream",
    "content-length": String(body.length),
    ...headers,
  };
  return call(url, { method: "PUT", headers: all, body, timeoutMs });
}

/** @returns the signed URL of a new upload. */
export async function newLink(emulator: { url: string }, name = "yard.mp4"): Promise<string> {
  const reply = await post(`${emulator.url}/video_upload_signed_url/?api_key=demo`, { file_name: name });
  return reply.json.signed_url;
}

export async function upload(emulator: { url: string }, body: Buffer, name = "yard.mp4"): Promise<string> {
  const link = await newLink(emulator, name);
  await put(link, body);
  return link;
}

export const detector = { model_id: "yard-motion", model_version: "1", inference_type: "object-detection" };

export function start(
  emulator: { url: string },
  inputUrl: string,
  more: Record<string, unknown> = {},
): Promise<Reply> {
  const body = { input_url: inputUrl, infer_fps: 5, models: [detector], ...more };
  return post(`${emulator.url}/videoinfer/?api_key=demo`, body);
}

export function poll(emulator: { url: string }, jobId: string): Promise<Reply> {
  return call(`${emulator.url}/videoinfer/?api_key=demo&job_id=${jobId}`);
}

/** Polls until the job is over. @returns the last status answer */
export async function outcome(emulator: { url: string }, jobId: string): Promise<any> {
  for (;;) {
    const { json } = await poll(emulator, jobId);
    if (json.status === 0 || json.status > 1) return json;
    await delay(20);
  }
}

/** Runs a job on an upload from start to result. @returns the result's text */
export async function result(
  emulator: Emulator,
  link: string,
  more: Record<string, unknown> = {},
): Promise<string> {
  const started = await start(emulator, link, more);
  const { output_signed_url } = await outcome(emulator, started.json.job_id);
  return (await call(output_signed_url)).text;
}

export function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
