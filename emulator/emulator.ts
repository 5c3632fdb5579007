import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { adminAnswer, adminPath } from "./admin";
import type { Answer } from "./answers";
import { type Fault, type FaultOrder, Faults } from "./faults";
import { clipOf, Ledger, type LedgerRequest } from "./ledger";
import { type Route, route } from "./routes";
import { resetConnection, send } from "./sending";
import { type Call, Service } from "./service";
import { applySettings, defaultSettings, type EmulatorSettings } from "./settings";
import { answerInstead } from "./spoiled-answers";

export interface EmulatorOptions extends Partial<EmulatorSettings> {
  /** 127.0.0.1 when left out. */
  host?: string;
  /** A free one when left out. */
  port?: number;
  /** Speaks HTTPS: key, cert and what else node:https takes. */
  tls?: TlsOptions;
}

/** A local server that behaves as Roboflow's Video Inference API and the storage behind it. */
export interface Emulator {
  /** Its address, without a slash at the end. */
  url: string;
  ledger: Ledger;
  settings: EmulatorSettings;
  /** Changes settings from now on. */
  set(changes: Partial<EmulatorSettings>): void;
  /** Orders things to go wrong, in this order. */
  fault(...orders: FaultOrder[]): void;
  clearFaults(): void;
  /** Every signed link given out so far has expired. */
  expireLinks(): void;
  /** Ends connections and ffmpeg, deletes temporary files. */
  close(): Promise<void>;
}

/** Largest JSON body that is read. */
const MOST_JSON = 1024 * 1024;

/** Starts an emulator. Many may run in one process. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const { host = "127.0.0.1", port = 0, tls, ...changes } = options;
  const settings = { ...defaultSettings };
  applySettings(settings, changes);
  const folder = await mkdtemp(join(tmpdir(), "roboflow-emulator-"));
  const closing = new AbortController();
  const ledger = new Ledger();
  const faults = new Faults();
  const service = new Service(folder, settings, ledger, faults, closing.signal);
  const sockets = new Map<Socket, number>();

  const listener: RequestListener = (request, response) => {
    handle(request, response).catch((error) => {
      // A fault in the emulator itself must be told apart from one that was ordered.
      if (!closing.signal.aborted) console.error("emulator:", error);
      response.destroy();
    });
  };
  const transfers = { highWaterMark: 1024 * 1024 };
  const server = tls
    ? createTlsServer({ ...transfers, ...tls }, listener)
    : createServer(transfers, listener);
  // Uploads may take hours.
  server.requestTimeout = 0;
  let connections = 0;
  server.on(tls ? "secureConnection" : "connection", (socket: Socket) => {
    connections += 1;
    sockets.set(socket, connections);
    socket.once("close", () => sockets.delete(socket));
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    server.keepAliveTimeout = settings.keepAliveSeconds * 1000;
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://emulator");
    if (pathname.startsWith(adminPath)) {
      const { value } = await readJson(request);
      const answer = adminAnswer(request.method ?? "", pathname, value, {
        ledger,
        faults,
        settings,
        signedUrls: service.signedUrls,
      });
      return send(response, answer, undefined, closing.signal);
    }

    const found = route(request.method ?? "", pathname);
    const entry = ledger.open({
      time: Date.now(),
      kind: found.kind,
      method: request.method ?? "",
      path: pathname,
      query: shownQuery(searchParams),
      headers: shownHeaders(request),
      key: keyState(searchParams.get("api_key"), settings.apiKey),
      connection: sockets.get(request.socket) ?? 0,
    });
    const sentBefore = request.socket.bytesWritten;
    response.once("close", () => {
      entry.bytesOut = Math.max(0, request.socket.bytesWritten - sentBefore);
      ledger.end(entry);
    });

    let text = "";
    let body: unknown;
    if (found.kind !== "put") {
      ({ text, value: body } = await readJson(request));
      entry.bytesIn = Buffer.byteLength(text);
      if (text) entry.text = text;
      if (body !== undefined) entry.body = body;
    }
    const fault = faults.take(found.kind, subjectOf(found, pathname, searchParams, text, service));
    if (fault) entry.fault = fault.do;
    const scheme = tls ? "https" : "http";
    const origin = `${scheme}://${request.headers.host ?? `${host}:${port}`}`;
    const call = {
      route: found,
      url: request.url ?? "",
      query: searchParams,
      origin,
      request,
      body,
      text,
      entry,
      fault,
    };
    await respond(call, response);
  }

  /** The right answer, or what was ordered in its place. */
  async function respond(call: Call, response: ServerResponse): Promise<void> {
    const { request, fault, entry } = call;
    if (fault?.do === "delay") await delay(fault.delayMs ?? 1000, undefined, { signal: closing.signal });
    if (fault && !fault.processed) {
      if (fault.do === "silent" && call.route.kind !== "put" && fault.afterBytes !== undefined) {
        return deliver(response, entry, await answerOf(call, response), fault);
      }
      if (fault.do !== "reset" && !fault.early) await takeBody(call);
      if (fault.do === "reset") return resetConnection(request.socket);
      if (fault.do === "silent") return;
      return deliver(response, entry, answerInstead(fault), fault);
    }
    const right = await answerOf(call, response);
    if (!right) return;
    if (fault?.do === "reset" || fault?.do === "reset-after") return resetConnection(request.socket);
    if (fault?.do === "silent") return;
    return deliver(response, entry, (fault && answerInstead(fault)) ?? right, fault);
  }

  /** The service's answer; undefined when there is nobody or nothing left to answer. */
  async function answerOf(call: Call, response: ServerResponse): Promise<Answer | undefined> {
    const outcome = await service.answer(call);
    if (typeof outcome !== "string") return outcome;
    if (outcome === "broken") response.destroy();
    else if (call.fault?.do === "reset-mid-body") resetConnection(call.request.socket);
    // Stopped in silence: the connection stays open and nothing more is read.
    else call.request.pause();
    return undefined;
  }

  /** Reads an upload's body although it will have no effect, as a server does that fails afterwards. */
  async function takeBody(call: Call): Promise<void> {
    if (call.route.kind !== "put") return;
    const stopped = await service.answer(call);
    if (stopped === "stopped") call.request.pause();
  }

  async function deliver(
    response: ServerResponse,
    entry: LedgerRequest,
    answer: Answer | undefined,
    fault: Fault | undefined,
  ): Promise<void> {
    if (!answer || response.destroyed) return;
    entry.status = answer.status;
    await send(response, answer, fault, closing.signal);
  }

  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, resolve);
    });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  const address = server.address() as AddressInfo;
  const shownHost = address.family === "IPv6" ? `[${address.address}]` : address.address;

  return {
    url: `${tls ? "https" : "http"}://${shownHost}:${address.port}`,
    ledger,
    settings,
    set: (changes) => applySettings(settings, changes),
    fault: (...orders) => {
      for (const order of orders) faults.order(order);
    },
    clearFaults: () => faults.clear(),
    expireLinks: () => service.signedUrls.expireAll(),
    close: async () => {
      closing.abort();
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets.keys()) socket.destroy();
      await closed;
      await service.jobs.settled();
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Reads a body that should be JSON; a larger one is cut off. */
async function readJson(request: IncomingMessage): Promise<{ text: string; value: unknown }> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request) {
      size += chunk.length;
      if (size <= MOST_JSON) chunks.push(chunk);
    }
  } catch {
    // The client went away in the middle: what came is looked at all the same, and answered to nobody.
  }
  const text = Buffer.concat(chunks).toString("utf8");
  try {
    return { text, value: JSON.parse(text) };
  } catch {
    return { text, value: undefined };
  }
}

function keyState(given: string | null, right: string): LedgerRequest["key"] {
  if (given === null || given === "") return "missing";
  return given === right ? "right" : "wrong";
}

function shownQuery(query: URLSearchParams): Record<string, string> {
  const shown = [...query].filter(([name]) => name !== "api_key");
  return Object.fromEntries(
    shown.map(([name, value]) => [name, name === "X-Goog-Signature" ? `${value.slice(0, 8)}…` : value]),
  );
}

/** The headers that tests ask about. */
function shownHeaders(request: IncomingMessage): Record<string, string> {
  const names = [
    "content-type",
    "content-length",
    "transfer-encoding",
    "authorization",
    "user-agent",
    "accept-encoding",
    "range",
    "connection",
    "host",
  ];
  const shown = names.map((name) => [name, request.headers[name]] as const);
  return Object.fromEntries(
    shown.filter((pair): pair is readonly [string, string] => typeof pair[1] === "string"),
  );
}

/** What a fault's `match` is looked for in. */
function subjectOf(
  { kind, parts }: Route,
  pathname: string,
  query: URLSearchParams,
  text: string,
  service: Service,
): string {
  const jobId = kind === "result" ? parts[1] : query.get("job_id");
  const clip = service.jobs.get(jobId ?? "")?.clip;
  const subject = [pathname, parts.join("/"), text, jobId, clip].filter(Boolean).join(" ");
  return `${subject} ${clipOf(subject)}`;
}
