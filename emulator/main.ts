import { parseArgs } from "node:util";
import { startEmulator } from "./emulator";

/** `npm run emulator -- --port N --api-key KEY --job-seconds S [--host HOST] [--set NAME=JSON …]` */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "0" },
      host: { type: "string", default: "127.0.0.1" },
      "api-key": { type: "string", default: "demo" },
      "job-seconds": { type: "string", default: "5" },
      set: { type: "string", multiple: true, default: [] },
    },
  });
  const emulator = await startEmulator({
    host: values.host,
    port: number(values.port, "--port"),
    apiKey: values["api-key"],
    jobSeconds: number(values["job-seconds"], "--job-seconds"),
    ...Object.fromEntries(values.set.map(setting)),
  });
  // The one line on stdout: whoever starts this as a process reads the address from it.
  console.log(
    `${emulator.url}  (an emulator of Roboflow for trying things out: a motion detector, not a model)`,
  );
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => emulator.close().then(() => process.exit(0)));
  }
}

function number(text: string, flag: string): number {
  const value = Number(text);
  if (!text.trim() || !(value >= 0)) throw new Error(`${flag} takes a number, not "${text}"`);
  return value;
}

/** `NAME=VALUE`; the value is JSON, or else text. */
function setting(text: string): [string, unknown] {
  const at = text.indexOf("=");
  const value = text.slice(at + 1);
  try {
    return [text.slice(0, at), JSON.parse(value)];
  } catch {
    return [text.slice(0, at), value];
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
