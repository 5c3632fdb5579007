import { createReadStream } from "node:fs";
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { createGzip } from "node:zlib";
import type { Answer } from "./answers";
import type { Fault } from "./faults";

const MIB = 1024 * 1024;

/**
 * Sends an answer, spoiled on its way when a fault says so.
 * @param signal ends slow transfers when the emulator closes
 * @returns when the answer is out, or has been given up on order; never throws for a client that went away
 */
export async function send(
  response: ServerResponse,
  answer: Answer,
  fault: Fault | undefined,
  signal: AbortSignal,
): Promise<void> {
  const size = sizeOf(answer);
  response.statusCode = answer.status;
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
  if (answer.close) response.setHeader("connection", "close");
  try {
    if (fault?.do === "gzip") {
      response.setHeader("content-encoding", "gzip");
      await pipeline(bodyOf(answer, size), createGzip(), response);
      return;
    }
    const half = fault?.afterBytes ?? Math.floor(size / 2);
    if (fault?.do === "cut") {
      response.setHeader("content-length", half);
      await pipeline(bodyOf(answer, half), response);
      return;
    }
    const chunked = answer.chunked || fault?.do === "chunked";
    if (!chunked) response.setHeader("content-length", size);
    switch (fault?.do) {
      case "truncated":
        await write(response, bodyOf(answer, half));
        await drained(response);
        response.socket?.destroy();
        return;
      case "reset-mid-body":
        await write(response, bodyOf(answer, half));
        await drained(response);
        resetConnection(response.socket);
        return;
      case "silent":
        response.flushHeaders();
        await write(response, bodyOf(answer, fault.afterBytes ?? 0));
        return;
      case "slow":
        await trickle(response, answer, size, fault, signal);
        return;
      default:
        await pipeline(bodyOf(answer, size), response);
    }
  } catch (error) {
    if (!response.destroyed) response.destroy();
    if (!isGone(error)) throw error;
  }
}

/** Ends a connection with RST, as a crashed server or a cut line does. */
export function resetConnection(socket: Socket | null): void {
  if (!socket || socket.destroyed) return;
  // A TLS socket has no RST of its own.
  if ("resetAndDestroy" in socket && !("encrypted" in socket)) socket.resetAndDestroy();
  else socket.destroy();
}

function sizeOf({ body }: Answer): number {
  return typeof body === "string" ? Buffer.byteLength(body) : body.end - body.start;
}

/** The first `limit` bytes of an answer's body. */
function bodyOf({ body }: Answer, limit: number): Readable {
  if (limit <= 0) return Readable.from([]);
  if (typeof body === "string") return Readable.from([Buffer.from(body).subarray(0, limit)]);
  const end = Math.min(body.end, body.start + limit) - 1;
  return createReadStream(body.file, { start: body.start, end, highWaterMark: MIB });
}

async function write(response: ServerResponse, body: Readable): Promise<void> {
  for await (const chunk of body) {
    if (response.destroyed) return;
    if (!response.write(chunk)) await drained(response);
  }
  response.flushHeaders();
}

async function trickle(
  response: ServerResponse,
  answer: Answer,
  size: number,
  fault: Fault,
  signal: AbortSignal,
): Promise<void> {
  const limit = fault.afterBytes ?? size;
  const perTick = Math.max(1, Math.floor((fault.bytesPerSecond ?? 1000) / 20));
  response.flushHeaders();
  for await (const chunk of bodyOf(answer, limit)) {
    for (let at = 0; at < chunk.length; at += perTick) {
      if (response.destroyed) return;
      response.write(chunk.subarray(at, at + perTick));
      await delay(50, undefined, { signal });
    }
  }
  // Cut short on order: from here on it stays silent instead of ending.
  if (limit >= size) response.end();
}

/** Waits until what was written has left for the network, or the connection is gone. */
async function drained(response: ServerResponse): Promise<void> {
  while (!response.destroyed && (response.writableLength > 0 || (response.socket?.writableLength ?? 0) > 0)) {
    await delay(2);
  }
  // Bytes handed to the kernel are thrown away by a reset that follows at once.
  if (!response.destroyed) await delay(20);
}

function isGone(error: unknown): boolean {
  const { code, name } = error as { code?: string; name?: string };
  return (
    name === "AbortError" ||
    ["ERR_STREAM_PREMATURE_CLOSE", "ECONNRESET", "EPIPE", "ERR_STREAM_DESTROYED"].includes(code ?? "")
  );
}
