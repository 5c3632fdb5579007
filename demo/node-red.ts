import { type ChildProcess, spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import path from "node:path";

/** A node of a flow file. */
export interface FlowNode {
  id: string;
  type: string;
  [property: string]: unknown;
}

export interface NodeRedOptions {
  /** The user directory. */
  userDir: string;
  /** Leave out to link this checkout's build into the user directory; `installed` when it holds the package. */
  installed?: boolean;
  flows: FlowNode[];
  /** Credentials by node id, written unencrypted. */
  credentials?: Record<string, Record<string, string>>;
  /** The `red.js` to run and the Node.js to run it with; by default Node-RED 4.1 of this project. */
  red?: string;
  node?: string;
  env?: Record<string, string>;
  port?: number;
  logLevel?: string;
  /** More of settings.js, as JavaScript source of an object's properties. */
  settings?: string;
  nodeOptions?: string[];
  /** Keep flows.json as it is from an earlier run. */
  keepFlows?: boolean;
}

/** One line that a `record` call of a function node has written. */
export interface RecordedMessage {
  name: string;
  msg: Record<string, any>;
}

/** Runs a real Node-RED as a process of its own, on 127.0.0.1. */
export class NodeRed {
  readonly #process: ChildProcess;
  /** Resolves when the process has ended, whoever ended it. */
  readonly ended: Promise<void>;
  #output = "";
  readonly #records: RecordedMessage[] = [];
  /** How much of the file has been read, in bytes. */
  #recordsEnd = 0;

  private constructor(
    readonly options: NodeRedOptions,
    readonly port: number,
  ) {
    this.#process = spawn(
      options.node ?? process.execPath,
      [
        ...(options.nodeOptions ?? []),
        options.red ?? require.resolve("node-red/red.js"),
        "--userDir",
        options.userDir,
        "--port",
        String(port),
      ],
      {
        cwd: options.userDir,
        env: { ...process.env, NODE_RED_HOME: "", ...options.env },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    this.ended = new Promise((resolve) => this.#process.once("exit", () => resolve()));
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.on("data", (chunk) => {
        this.#output += chunk;
      });
  }

  /** Writes the user directory's files, starts Node-RED and waits until its flows have started. */
  static async start(options: NodeRedOptions): Promise<NodeRed> {
    const { userDir } = options;
    mkdirSync(userDir, { recursive: true });
    if (!options.installed) linkCheckout(userDir);
    if (!options.keepFlows) {
      writeFileSync(path.join(userDir, "flows.json"), JSON.stringify(placed(options.flows)));
      writeFileSync(path.join(userDir, "flows_cred.json"), JSON.stringify(options.credentials ?? {}));
    }
    writeFileSync(path.join(userDir, "settings.js"), settingsFile(options));
    const nodeRed = new NodeRed(options, options.port ?? (await freePort()));
    try {
      await nodeRed.waitForOutput(
        /Started flows|Flows stopped|Flows sind gestartet|フローを開始しました/,
        60_000,
      );
      // Flows may have started before.
      await nodeRed.#listens();
    } catch (error) {
      // Nobody else knows the process yet.
      await nodeRed.kill();
      throw error;
    }
    return nodeRed;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#process.pid as number;
  }

  /** Everything it has printed. */
  get output(): string {
    return this.#output;
  }

  /** What function nodes have recorded with `global.get("record")(name, msg)`; survives a kill. */
  records(name?: string): RecordedMessage[] {
    const { lines, end } = linesFrom(recordFile(this.options.userDir), this.#recordsEnd);
    for (const line of lines) this.#records.push(JSON.parse(line));
    this.#recordsEnd = end;
    return this.#records.filter((record) => name === undefined || record.name === name);
  }

  /** Waits until at least `count` messages have been recorded under a name. */
  async recorded(name: string, count = 1, timeout = 30_000): Promise<RecordedMessage[]> {
    await until(
      () => this.records(name).length >= count,
      timeout,
      () => `${count} × "${name}"\n${this.#output.slice(-3000)}`,
    );
    return this.records(name);
  }

  async waitForOutput(pattern: RegExp, timeout = 30_000): Promise<void> {
    await until(
      () => {
        const isThere = pattern.test(this.#output);
        if (!isThere) this.#mustRun();
        return isThere;
      },
      timeout,
      () => `${pattern}\n${this.#output.slice(-3000)}`,
    );
  }

  #mustRun(): void {
    const end = this.#process.exitCode ?? this.#process.signalCode;
    if (end !== null) throw new Error(`Node-RED ended with ${end}\n${this.#output}`);
  }

  /** Waits until its server takes connections. */
  async #listens(): Promise<void> {
    while (!(await takesConnections(this.port))) {
      this.#mustRun();
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  /** Sends a message into the flow: the flow's `http in` node at `/feed/NAME` (see `injectNode`). */
  async inject(name: string, msg: unknown, signal: AbortSignal | null = null): Promise<void> {
    const response = await fetch(`${this.url}/feed/${name}`, {
      signal,
      method: "POST",
      // A connection kept from before may have been closed while this process was busy.
      headers: { "Content-Type": "application/json", Connection: "close" },
      body: JSON.stringify(msg),
    });
    await response.text();
    if (!response.ok) throw new Error(`inject ${name}: HTTP ${response.status}`);
  }

  /** Deploys flows through the admin API. */
  async deploy(flows: FlowNode[], type: "full" | "nodes" | "flows" | "reload" = "full"): Promise<void> {
    const response = await fetch(`${this.url}/flows`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        // As in `inject`.
        Connection: "close",
        "Node-RED-Deployment-Type": type,
        "Node-RED-API-Version": "v1",
      },
      body: JSON.stringify(placed(flows)),
    });
    if (!response.ok) throw new Error(`deploy: HTTP ${response.status} ${await response.text()}`);
  }

  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** Ends it as systemd, Docker or Ctrl+C do. */
  async stop(signal: "SIGTERM" | "SIGINT" = "SIGTERM"): Promise<void> {
    const late = setTimeout(() => this.#process.kill("SIGKILL"), 20_000);
    await this.#end(signal);
    clearTimeout(late);
  }

  #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return Promise.resolve();
    this.#process.kill(signal);
    return this.ended;
  }
}

const checkout = path.join(__dirname, "..");

/** Node-RED finds the package as if `npm install FOLDER` had been run. */
function linkCheckout(userDir: string): void {
  const scope = path.join(userDir, "node_modules", "@camera-flows");
  mkdirSync(scope, { recursive: true });
  const link = path.join(scope, "node-red-roboflow-video");
  if (!existsSync(link)) symlinkSync(checkout, link, "junction");
}

/** The whole lines of a file after its first `from` bytes, and where they end. */
function linesFrom(file: string, from: number): { lines: string[]; end: number } {
  if (!existsSync(file)) return { lines: [], end: from };
  const handle = openSync(file, "r");
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(handle).size - from));
    const text = bytes.subarray(0, readSync(handle, bytes, 0, bytes.length, from));
    const whole = text.subarray(0, text.lastIndexOf("\n") + 1);
    return { lines: whole.toString().split("\n").filter(Boolean), end: from + whole.length };
  } finally {
    closeSync(handle);
  }
}

const recordFile = (userDir: string) => path.join(userDir, "records.jsonl");

const settingsFile = ({ userDir, logLevel = "info", settings = "" }: NodeRedOptions) => `
const fs = require("node:fs");
module.exports = {
  uiHost: "127.0.0.1",
  flowFile: "flows.json",
  credentialSecret: false,
  telemetry: { enabled: false, updateNotification: false },
  editorTheme: { tours: false, projects: { enabled: false } },
  logging: { console: { level: ${JSON.stringify(logLevel)}, metrics: false, audit: false } },
  functionGlobalContext: {
    record: (name, msg) => {
      const { req, res, ...rest } = msg;
      fs.appendFileSync(${JSON.stringify(recordFile(userDir))}, JSON.stringify({ name, msg: rest }) + "\\n");
    },
  },
  ${settings}
};
`;

/** A node on a tab without a place would pass for a config node. */
const placed = (flows: FlowNode[]) =>
  flows.map((node, index) => (node.z ? { x: 100 + 200 * (index % 6), y: 40 * (index + 1), ...node } : node));

/** Waits until something holds. */
export async function until(holds: () => boolean, timeout: number, describe: () => string): Promise<void> {
  const end = Date.now() + timeout;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`Not within ${timeout} ms: ${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Whether somebody takes connections at a port of this machine. */
export const takesConnections = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    }).on("error", () => resolve(false));
  });

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
