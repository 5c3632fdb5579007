import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, beforeEach } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { retries } from "../../nodes/roboflow/http/retry";
import { type Certificates, makeCertificates } from "../support/certificates";
import { type ForwardingProxy, startProxy } from "../support/forwarding-proxy";

export const apiKey = "rf_NetworkKey5tR9";
/** What the proxy asks for. */
export const login = { user: "guard@yard", password: "p@ss/w:rd%1" };
const proxyVariables = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"].flatMap((name) => [
  name,
  name.toUpperCase(),
]);

/**
 * An emulator on plain http, one with a private authority that wants a client certificate, and a proxy with a password,
 * for all tests of a file. The environment names no proxy when a test begins.
 */
export class NetworkStage {
  folder!: string;
  certificates!: Certificates;
  plain!: Emulator;
  secure!: Emulator;
  /** Each test has its own. */
  proxy!: ForwardingProxy;

  constructor() {
    let kept: Record<string, string | undefined>;
    before(async () => {
      kept = Object.fromEntries(proxyVariables.map((name) => [name, process.env[name]]));
      this.folder = mkdtempSync(path.join(tmpdir(), "roboflow-network-"));
      this.certificates = makeCertificates(this.folder);
      const { server, ca } = this.certificates;
      const options = { apiKey, analyse: false, jobSeconds: 0, builtInFrames: 20 };
      this.plain = await startEmulator(options);
      this.secure = await startEmulator({
        ...options,
        tls: { ...server, ca, requestCert: true, rejectUnauthorized: true },
      });
      for (const policy of Object.values(retries)) policy.first = 5;
    });
    beforeEach(async () => {
      for (const name of proxyVariables) delete process.env[name];
      this.proxy = await startProxy(login);
      this.plain.ledger.clear();
      this.secure.ledger.clear();
    });
    afterEach(() => this.proxy.close());
    after(async () => {
      for (const [name, value] of Object.entries(kept)) if (value !== undefined) process.env[name] = value;
      await this.plain.close();
      await this.secure.close();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }
}
