import type { TestContext } from "node:test";
import { answerJson, serve } from "../support/local-server";

/** The signature in every link that it gives out. */
export const echoSignature = "ec40c0ffee5165a7be00d15ea5ede7ec";

/** What stands in its links under a name that nobody knows for a signature's. */
export const echoTicket = "71c4e7badc0de5";

/**
 * A careless server: it repeats the whole request, key and signature included, in its errors: as JSON, as the
 * XML of a storage, as a page, as plain text.
 */
export async function startEchoServer(t: Pick<TestContext, "after">) {
  const server = await serve(t as TestContext, ({ method, url, body }, response) => {
    const whole = `${server.url}${url}`;
    const { pathname, searchParams } = new URL(whole);
    const key = searchParams.get("api_key");
    const xml = `<?xml version='1.0'?><Error><Code>SignatureDoesNotMatch</Code><Message>Denied: ${method} ${whole.replaceAll("&", "&amp;")} and ${url}</Message><StringToSign>${url}</StringToSign></Error>`;
    const route = `${method} ${pathname}`;
    if (route === "POST /video_upload_signed_url/")
      return answerJson(response, {
        signed_url: `${server.url}/bucket/x.mp4?X-Goog-Signature=${echoSignature}`,
      });
    if (pathname.startsWith("/bucket/")) return void response.writeHead(403).end(xml);
    if (route === "POST /videoinfer/") {
      const { input_url } = JSON.parse(body.toString());
      if (input_url.includes("lost"))
        return answerJson(response, { error: `crash in ${url}, key ${key}` }, 500);
      return answerJson(
        response,
        { error: { message: `bad input ${input_url}`, hint: `see ${whole}` } },
        400,
      );
    }
    switch (searchParams.get("job_id")) {
      case "as-page":
        return void response.writeHead(403).end(`<html><title>${key} may not ${whole}</title></html>`);
      case "as-text":
        return void response.writeHead(404).end(`${"no such job. ".repeat(22)}${key} asked for ${url}`);
      case "failed":
        return answerJson(response, {
          status: 3,
          message: `worker died: ${whole} with ${key}, see https://storage.example/log?ticket=${echoTicket}`,
          output_signed_url: `${server.url}/bucket/out?X-Goog-Signature=${echoSignature}`,
          logs: `https://storage.example/logs?X-Goog-Signature=${echoSignature}&ticket=${echoTicket}`,
        });
      default:
        return answerJson(response, { error: "denied", message: `${key} at ${whole}` }, 401);
    }
  });
  return server;
}
