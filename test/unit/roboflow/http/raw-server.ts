import { randomBytes } from "node:crypto";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { Writable } from "node:stream";
import type { TestContext } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import tls from "node:tls";
import { Network, type NetworkOptions } from "../../../../nodes/roboflow";
import { ConnectionError } from "../../../../nodes/roboflow/http/connection-error";
import { unhurried } from "../../../support/client-of";
import { until } from "../../../support/node-red";

export const kib = 1024;
export const mib = 1024 * kib;
/** Three of the buffers that answers are read into: lengths are tried around it. */
export const some = 192 * kib;
/** Bytes for bodies. */
export const noise = randomBytes(5 * some);
export const inTime = { timeout: 10_000 };

/** A server as a test sees it. */
export interface RawServer {
  url: string;
  /** Connections that are open now. */
  open: Set<Socket>;
}

/** A server that answers every request with bytes; with the test it ends, and no connection may be left then. */
export async function serve(
  t: TestContext,
  answer: (socket: Socket) => void,
  identity?: tls.TlsOptions,
): Promise<RawServer> {
  const open = new Set<Socket>();
  const talk = (socket: Socket) => {
    open.add(socket);
    socket.on("error", () => {}).on("close", () => open.delete(socket));
    socket.setNoDelay(true);
    let head = "";
    socket.on("data", (chunk) => {
      const hadHead = head.includes("\r\n\r\n");
      head += chunk;
      if (!hadHead && head.includes("\r\n\r\n")) answer(socket);
    });
  };
  const server = identity ? tls.createServer(identity, talk) : createServer(talk);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    try {
      await until(
        () => open.size === 0,
        2000,
        () => `${open.size} connections are open after the test`,
      );
    } finally {
      for (const socket of open) socket.destroy();
      server.close();
    }
  });
  const { port } = server.address() as AddressInfo;
  return { url: `${identity ? "https" : "http"}://127.0.0.1:${port}/result`, open };
}

/** A network without a proxy or a limit of time, unless the test says otherwise; with the test it ends. */
export function networkOf(t: TestContext, options: NetworkOptions = {}): Network {
  const timings = { silence: 60_000, idle: 60_000 };
  const network = new Network({ proxyFor: () => false, timings, ...options });
  t.after(() => network.close());
  return network;
}

/** Takes chunks at its own pace and keeps what they held; `pace` is waited for before a chunk is let go. */
export class Target extends Writable {
  readonly chunks: Buffer[] = [];
  most = 0;

  constructor(readonly pace: (chunk: Buffer) => unknown = () => {}) {
    super({ highWaterMark: 512 * kib });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  override async _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error) => void) {
    this.most = Math.max(this.most, this.writableLength);
    try {
      await this.pace(chunk);
      this.chunks.push(Buffer.from(chunk));
      callback();
    } catch (error) {
      callback(error as Error);
    }
  }
}

/** Asks for what a test then takes. */
export const ask = (network: Network, url: string, { signal = unhurried } = {}) =>
  network.request({ method: "GET", url, signal, fresh: true });

export const isFailure = (code: string) => (error: unknown) =>
  error instanceof ConnectionError && error.code === code;

export const headOf = (length: number) => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`;
export const answerOf = (body: Buffer) => Buffer.concat([Buffer.from(headOf(body.length)), body]);

/** Sends chunks so that each is read by itself, as far as it is read at once. */
export async function send(socket: Socket, chunks: Iterable<Buffer>, end = true): Promise<void> {
  for (const chunk of chunks) {
    if (socket.destroyed) return;
    socket.write(chunk);
    await nextTurn();
  }
  if (end) socket.end();
}

/** Cuts bytes into chunks at places between 0 and 1. */
export function cutAt(bytes: Buffer, places: number[]): Buffer[] {
  const borders = [...new Set(places.map((place) => Math.floor(place * bytes.length)))].sort((a, b) => a - b);
  return [0, ...borders].map((from, index) => bytes.subarray(from, borders[index] ?? bytes.length));
}
