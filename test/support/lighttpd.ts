import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startDaemon } from "./daemon";
import { freePort } from "./node-red";

export interface Lighttpd {
  url: string;
  stop(): Promise<void>;
}

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
  const daemon = await startDaemon("lighttpd", ["-D", "-f", path.join(own, "lighttpd.conf")], port);
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      await daemon.stop();
      rmSync(own, { recursive: true, force: true });
    },
  };
}
