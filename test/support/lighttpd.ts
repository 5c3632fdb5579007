import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { freePort, until } from "./node-red";

export interface Lighttpd {
  url: string;
  stop(): Promise<void>;
}

/** Debian puts it where an ordinary user's PATH does not look. */
const program =
  ["/usr/sbin/lighttpd", "/usr/local/sbin/lighttpd"].find((file) => existsSync(file)) ?? "lighttpd";

const realm = "camera";

/** Starts a real lighttpd on 127.0.0.1 that gives the files of a folder to one user, by Digest. */
export async function startLighttpd(
  folder: string,
  login: { user: string; password: string; algorithm: "MD5" | "SHA-256" },
): Promise<Lighttpd> {
  const port = await freePort();
  const own = mkdtempSync(path.join(tmpdir(), "roboflow-lighttpd-"));
  const { user, password, algorithm } = login;
  const hash = createHash(algorithm === "MD5" ? "md5" : "sha256");
  const digest = hash.update(`${user}:${realm}:${password}`).digest("hex");
  writeFileSync(path.join(own, "users"), `${user}:${realm}:${digest}\n`);
  writeFileSync(
    path.join(own, "lighttpd.conf"),
    `server.document-root = ${JSON.stringify(folder)}
server.port = ${port}
server.bind = "127.0.0.1"
server.modules = ("mod_auth", "mod_authn_file")
server.errorlog = ${JSON.stringify(path.join(own, "errors"))}
auth.backend = "htdigest"
auth.backend.htdigest.userfile = ${JSON.stringify(path.join(own, "users"))}
auth.require = ("/" => ("method" => "digest", "realm" => "${realm}", "require" => "valid-user", "algorithm" => "${algorithm}"))
`,
  );
  const server = spawn(program, ["-D", "-f", path.join(own, "lighttpd.conf")], { stdio: "ignore" });
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
    30_000,
    () => "lighttpd does not answer",
  );
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      server.kill();
      await ended;
      rmSync(own, { recursive: true, force: true });
    },
  };
}
