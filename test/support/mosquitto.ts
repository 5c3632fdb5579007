import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { freePort, until } from "./node-red";

export interface Mosquitto {
  port: number;
  url: string;
  stop(): Promise<void>;
}

/** Debian puts it where an ordinary user's PATH does not look. */
const program =
  ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"].find((file) => existsSync(file)) ?? "mosquitto";

/** Starts a real Mosquitto on 127.0.0.1 that keeps nothing on disk. */
export async function startMosquitto(port?: number): Promise<Mosquitto> {
  return start(port ?? (await freePort()));
}

async function start(port: number): Promise<Mosquitto> {
  const folder = mkdtempSync(path.join(tmpdir(), "roboflow-mosquitto-"));
  const config = path.join(folder, "mosquitto.conf");
  writeFileSync(
    config,
    `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 10000\nuser root\n`,
  );
  const broker = spawn(program, ["-c", config], { stdio: "ignore" });
  let answers = false;
  const knock = () => {
    const socket = connect(port, "127.0.0.1", () => {
      answers = true;
      socket.destroy();
    });
    socket.on("error", () => setTimeout(knock, 50));
  };
  knock();
  await until(
    () => answers,
    10_000,
    () => "Mosquitto does not answer",
  );
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    stop: async () => {
      const ended = new Promise((resolve) => broker.once("exit", resolve));
      broker.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
