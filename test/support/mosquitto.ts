import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startDaemon } from "./daemon";
import { freePort, until } from "./node-red";

export interface Mosquitto {
  port: number;
  url: string;
  /**
   * Waits until somebody has subscribed to some topics.
   *
   * @param times how often to each, since the broker was started.
   */
  subscribed(topics: string[], times?: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a real Mosquitto on 127.0.0.1 that keeps nothing on disk. */
export async function startMosquitto(given?: number): Promise<Mosquitto> {
  const port = given ?? (await freePort());
  const folder = mkdtempSync(path.join(tmpdir(), "roboflow-mosquitto-"));
  const config = path.join(folder, "mosquitto.conf");
  writeFileSync(
    config,
    `listener ${port} 127.0.0.1
allow_anonymous true
persistence false
max_queued_messages 10000
user root
log_dest stderr
log_type error
log_type subscribe
`,
  );
  const daemon = await startDaemon("mosquitto", ["-c", config], port);
  // A line is "TIME: CLIENT QOS TOPIC".
  const timesOf = (topic: string) =>
    daemon
      .log()
      .split("\n")
      .filter((line) => line.endsWith(` ${topic}`)).length;
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    subscribed: (topics, times = 1) =>
      until(
        () => topics.every((topic) => timesOf(topic) >= times),
        30_000,
        () => `subscriptions to ${topics}: ${daemon.log()}`,
      ),
    stop: async () => {
      await daemon.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
