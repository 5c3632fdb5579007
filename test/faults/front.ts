import dns from "node:dns";
import http from "node:http";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { RequestKind } from "../../emulator/ledger";
import { route } from "../../emulator/routes";

/** A name that no server has unless a test says so. */
export const testHost = "roboflow.test";

/**
 * The wire between a node and the emulator: it counts every attempt, also one that no server sees, and breaks where
 * a server cannot break it. `until` is how many tries it stays broken for.
 */
export interface Front {
  /** Address to use in place of the server's; by name, so that the name can go missing. */
  url: string;
  /** Tries of one kind of request so far. */
  tries(kind: RequestKind): number;
  refuse(kind: RequestKind, until: number): Promise<void>;
  loseName(kind: RequestKind, until: number): void;
  /** Resets the connection when so many bytes of the request have come. */
  cutRequests(bytes: number, until: number): void;
  /** Lets answers through byte by byte, from their heads on. */
  dripAnswers(until: number): void;
  close(): Promise<void>;
}

/** Puts a front before the server at `target`. Only one at a time: it watches this process's requests. */
export async function frontOf(target: string): Promise<Front> {
  const { hostname, port: targetPort } = new URL(target);
  const sockets = new Set<Socket>();
  const counts = new Map<RequestKind, number>();
  const tries = (kind: RequestKind) => counts.get(kind) ?? 0;
  let cut = { bytes: 0, left: 0 };
  let drips = 0;
  let nameLost = () => false;
  let onTry = () => {};

  const listener = (client: Socket) => {
    const server = connect(Number(targetPort), hostname);
    const isCut = cut.left > 0;
    cut.left -= 1;
    const isDripping = drips > 0;
    drips -= 1;
    const pass = isDripping ? dripInto(client) : (bytes: Buffer) => client.write(bytes);
    let received = 0;
    client.on("data", (chunk) => {
      received += chunk.length;
      if (isCut && received >= cut.bytes) return client.resetAndDestroy();
      if (server.write(chunk)) return;
      client.pause();
      server.once("drain", () => client.resume());
    });
    server.on("data", pass);
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.resetAndDestroy());
      // What drips is still on its way when the server has said all.
      if (isDripping && one === server) continue;
      one.on("end", () => other.end());
      one.on("close", (hadError) => {
        sockets.delete(one);
        if (hadError) other.resetAndDestroy();
        else other.destroySoon();
      });
    }
  };
  let server = createServer({ allowHalfOpen: true }, listener);
  const port = await listenAside(server);

  const { request } = http;
  http.request = function counted(this: unknown, ...given: unknown[]) {
    const { method, path } = given[0] as http.RequestOptions;
    const { kind } = route(method ?? "GET", new URL(path ?? "/", "http://front").pathname);
    counts.set(kind, tries(kind) + 1);
    onTry();
    return Reflect.apply(request, this, given);
  } as typeof request;
  const { lookup } = dns;
  dns.lookup = ((name: string, options: object, callback: (...results: unknown[]) => void) => {
    if (name !== testHost) return Reflect.apply(lookup, dns, [name, options, callback]);
    if (!nameLost()) return Reflect.apply(lookup, dns, ["127.0.0.1", options, callback]);
    const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: "ENOTFOUND" });
    process.nextTick(callback, error);
  }) as typeof lookup;

  const stop = async () => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return {
    url: `http://${testHost}:${port}`,
    tries,
    refuse: async (kind, until) => {
      await stop();
      onTry = () => {
        if (tries(kind) !== until) return;
        server = createServer({ allowHalfOpen: true }, listener);
        // This try still has to be refused; the next one comes after a wait.
        setTimeout(() => listen(server, port), 4);
      };
    },
    loseName: (kind, until) => {
      nameLost = () => tries(kind) <= until;
    },
    cutRequests: (bytes, until) => {
      cut = { bytes, left: until };
    },
    dripAnswers: (until) => {
      drips = until;
    },
    close: async () => {
      http.request = request;
      dns.lookup = lookup;
      await stop();
    },
  };
}

/** Sends what it gets byte by byte, twenty in a second. */
function dripInto(client: Socket): (bytes: Buffer) => void {
  let left = Buffer.alloc(0);
  const timer = setInterval(() => {
    if (left.length > 0) client.write(left.subarray(0, 1));
    left = left.subarray(1);
  }, 50);
  client.on("close", () => clearInterval(timer));
  return (bytes) => {
    left = Buffer.concat([left, bytes]);
  };
}

/** A port that the system does not give to others meanwhile: outside the range that it takes free ones from. */
async function listenAside(server: Server): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    server.removeAllListeners("error");
    if (isFree) return port;
  }
}

const listen = (server: Server, port: number) =>
  new Promise<void>((resolve) => {
    server.listen(port, "127.0.0.1", resolve);
  });
