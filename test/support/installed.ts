import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { until } from "./node-red";

const checkout = path.join(__dirname, "..", "..");

/** Where a run of several suites keeps the one directory that it installs into. */
const shared = process.env.ROBOFLOW_TEST_INSTALLED;

/** Milliseconds that packing, building and installing may take on a slow machine. */
const timeoutMs = 300_000;

/**
 * A new Node-RED user directory into which the packed package has been installed, as the palette manager does it.
 * Packing and installing happen once: in the folder that ROBOFLOW_TEST_INSTALLED names, which suites of a run share,
 * else in one of this process.
 */
export async function installedUserDir(): Promise<string> {
  const prepared = await preparedDirectory();
  const userDir = mkdtempSync(path.join(tmpdir(), "roboflow-installed-"));
  cpSync(prepared, userDir, { recursive: true, verbatimSymlinks: true });
  return userDir;
}

let own: string | undefined;

async function preparedDirectory(): Promise<string> {
  const folder = shared || own || mkdtempSync(path.join(tmpdir(), "roboflow-prepared-"));
  if (!shared && !own) {
    own = folder;
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  }
  const ready = path.join(folder, "installed");
  mkdirSync(folder, { recursive: true });
  try {
    // Whoever makes the folder fills it; the others wait.
    mkdirSync(path.join(folder, "installing"));
    install(path.join(folder, "installing"));
    renameSync(path.join(folder, "installing", "user"), ready);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    await until(
      () => existsSync(ready),
      timeoutMs,
      () => `nobody installed the package in ${folder}`,
    );
  }
  return ready;
}

/** The tarball that was packed and installed, which happens once as well. */
export async function packedTarball(): Promise<string> {
  return tarballIn(path.join(path.dirname(await preparedDirectory()), "installing"));
}

function tarballIn(folder: string): string {
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  if (!tarball) throw new Error(`npm pack left no tarball in ${folder}`);
  return path.join(folder, tarball);
}

function install(folder: string): void {
  npm(checkout, "pack", "--pack-destination", folder);
  const tarball = tarballIn(folder);
  const user = path.join(folder, "user");
  mkdirSync(user);
  writeFileSync(
    path.join(user, "package.json"),
    JSON.stringify({ name: "node-red-project", version: "0.0.1", private: true }),
  );
  npm(user, "install", "--prefix", user, "--no-audit", "--no-fund", tarball);
}

/** Whether an npm that runs the tests has set a variable for its own project: it must not reach another. */
export const isOfOtherNpm = (name: string): boolean =>
  /^npm_(package|lifecycle|config_(local_)?prefix)|^INIT_CWD$/i.test(name);

/** Runs npm in a folder, and throws with its words when it fails. */
export function npm(cwd: string, ...words: string[]): void {
  const inherited = Object.entries(process.env).filter(([name]) => !isOfOtherNpm(name));
  const { status, stdout, stderr, error } = spawnSync("npm", [...words, "--loglevel=error"], {
    cwd,
    encoding: "utf8",
    env: Object.fromEntries(inherited),
    shell: process.platform === "win32",
    timeout: timeoutMs,
  });
  if (status !== 0) throw new Error(`npm ${words[0]}: ${error?.message ?? ""}\n${stdout}\n${stderr}`);
}
