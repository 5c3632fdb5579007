import { createServer, type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

export interface ProxyOptions {
  user?: string;
  password?: string;
  /** What becomes of a request or a CONNECT instead of being forwarded. */
  instead?: { status: number } | "reset" | "silent";
  /** The port here that every tunnel leads to, whatever was asked for. */
  leadsTo?: number;
}

/** A forwarding proxy as companies have them: absolute URLs for plain http, CONNECT for https, a password. */
export interface ForwardingProxy {
  host: string;
  port: number;
  /** With user and password, as an environment variable names it. */
  url: string;
  options: ProxyOptions;
  /** `GET http://…` and `CONNECT host:port`, in order; also the refused ones. */
  seen: string[];
  /** Every byte that came from clients, as one character each: what the proxy could read. */
  read(): string;
  /** Connections from clients that are open now. */
  open(): number;
  close(): Promise<void>;
}

export async function startProxy(options: ProxyOptions = {}): Promise<ForwardingProxy> {
  const seen: string[] = [];
  const chunks: Buffer[] = [];
  const clients = new Set<Socket>();
  const targets = new Set<Socket>();
  const passes = ({ headers }: IncomingMessage) => {
    const { user, password } = proxy.options;
    if (user === undefined) return true;
    const wanted = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
    return headers["proxy-authorization"] === wanted;
  };
  /** @returns a status to answer with, or whether nothing more is to be done. */
  const verdict = (incoming: IncomingMessage, socket: Duplex): number | "forward" | "settled" => {
    const { instead } = proxy.options;
    if (instead === "reset") (socket as Socket).resetAndDestroy();
    // Someone has to read, or it goes unnoticed that the client has hung up.
    if (instead === "silent") socket.resume().on("end", () => socket.destroy());
    if (instead === "reset" || instead === "silent") return "settled";
    if (!passes(incoming)) return 407;
    return instead?.status ?? "forward";
  };

  const server = createServer((incoming, response) => {
    const { method, url = "", headers } = incoming;
    seen.push(`${method} ${url}`);
    const decision = verdict(incoming, incoming.socket);
    if (decision === "settled") return;
    if (decision !== "forward") {
      incoming.resume();
      response
        .writeHead(decision, { "content-type": "text/html" })
        .end(`<title>proxy says ${decision}</title>`);
      return;
    }
    const { "proxy-authorization": _, ...passedOn } = headers;
    const outgoing = request(url, { method, headers: passedOn, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(response);
    });
    outgoing.on("error", () => response.destroy());
    incoming.pipe(outgoing);
  });
  server.on("connection", (socket) => {
    clients.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => clients.delete(socket));
    // Before the parser takes them, and beside it.
    const { emit } = socket;
    socket.emit = function watched(this: Socket, name: string, ...given: unknown[]) {
      if (name === "data") chunks.push(given[0] as Buffer);
      return Reflect.apply(emit, this, [name, ...given]);
    } as typeof emit;
  });
  server.on("connect", (incoming, client) => {
    seen.push(`CONNECT ${incoming.url}`);
    client.on("error", () => {});
    const decision = verdict(incoming, client);
    if (decision === "settled") return;
    if (decision !== "forward") {
      const body = `<title>proxy says ${decision}</title>`;
      client.end(`HTTP/1.1 ${decision} No\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      return;
    }
    const { leadsTo } = proxy.options;
    const asked = new URL(`http://${incoming.url}`);
    const { hostname, port } = leadsTo ? { hostname: "127.0.0.1", port: leadsTo } : asked;
    const target = connect(Number(port || 80), hostname, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      client.pipe(target).pipe(client);
    });
    targets.add(target);
    target.on("close", () => {
      targets.delete(target);
      client.destroy();
    });
    target.on("error", () => client.destroy());
    client.on("close", () => target.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const login = options.user
    ? `${encodeURIComponent(options.user)}:${encodeURIComponent(options.password ?? "")}@`
    : "";
  const proxy: ForwardingProxy = {
    host: "127.0.0.1",
    port,
    url: `http://${login}127.0.0.1:${port}`,
    options,
    seen,
    read: () => Buffer.concat(chunks).toString("latin1"),
    open: () => clients.size,
    close: async () => {
      for (const socket of [...clients, ...targets]) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
