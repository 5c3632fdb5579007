import type { NodeAPI } from "node-red";
import { isHttpUrl, Network } from "../roboflow";
import { registerRoutes } from "../runtime/admin";
import type { ServerState } from "./options";

/** Milliseconds for a server's answer: a person is waiting in front of a dialog. */
const answerWithinMs = 5000;

/**
 * The endpoint behind the upload node's dialog: whether the server of a URL asks for a login, and nothing of what it
 * answers besides. Redirects are not followed, and no login is sent.
 */
export function registerUploadRoutes(RED: NodeAPI): void {
  registerRoutes(RED, "upload", {
    "POST check": async ({ body }): Promise<{ state: ServerState }> => {
      const { url } = body;
      if (!isHttpUrl(url)) return { state: "unreachable" };
      const address = new URL(url);
      address.username = "";
      address.password = "";
      // The certificate does not matter: nothing is told to the server, and nothing of what it says is used.
      const network = new Network({ tls: { rejectUnauthorized: false } });
      try {
        const response = await network.request({
          method: "GET",
          url: address.href,
          signal: AbortSignal.timeout(answerWithinMs),
          fresh: true,
        });
        response.discard();
        return { state: response.status === 401 ? "needsLogin" : "open" };
      } catch {
        return { state: "unreachable" };
      } finally {
        network.close();
      }
    },
  });
}
