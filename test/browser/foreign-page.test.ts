import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, afterEach, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import type { NodeRed } from "../support/node-red";
import { apiKey, credentials, waitForJobs, wholeFlow } from "./support/flows";
import { openStage } from "./support/stage";
import { startInstalled, stopInstalled, versions } from "./support/versions";

// What a page on another origin, which an operator merely visits, can do to a Node-RED with adminAuth off.

const secret = "AKIAsecretOfThisMachine7";
const stage = openStage({ jobSeconds: 600, analyse: false });

/** A server of whoever made the page: it has the page, and writes down what else is asked of it. */
let stranger: Server;
let strangerUrl: string;
const seen: string[] = [];
before(async () => {
  stranger = createServer((request, response) => {
    if (request.url === "/page") {
      response.setHeader("content-type", "text/html");
      return response.end("<title>Harmless</title><iframe name=hidden></iframe>");
    }
    if (request.url !== "/favicon.ico") seen.push(`${request.method} ${request.url}`);
    response.setHeader("content-type", "application/json");
    response.end('{"workspace": "elsewhere"}');
  });
  await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
  strangerUrl = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
});
after(() => stranger?.close());

/** A way to make a browser send a request to somebody else; resolves when it has been dealt with. */
type Send = (page: Page, url: string, fields: Record<string, string>) => Promise<unknown>;

const form =
  (enctype: string): Send =>
  (page, url, fields) => {
    const answered = page.waitForResponse((response) => response.url() === url);
    return Promise.all([
      answered,
      page.evaluate(
        ({ url, enctype, fields }) => {
          const form = document.createElement("form");
          Object.assign(form, { action: url, method: "post", target: "hidden", enctype });
          for (const [name, value] of Object.entries(fields)) {
            const input = document.createElement("input");
            Object.assign(input, { type: "hidden", name, value });
            form.append(input);
          }
          document.body.append(form);
          form.submit();
        },
        { url, enctype, fields },
      ),
    ]);
  };

const fetched =
  (mode: "no-cors" | "cors", headers: Record<string, string>): Send =>
  (page, url, fields) =>
    page.evaluate(
      ({ url, mode, headers, fields }) =>
        fetch(url, { method: "POST", mode, headers, body: JSON.stringify(fields) }).then(
          () => "sent",
          (error) => String(error),
        ),
      { url, mode, headers, fields },
    );

const json = { "Content-Type": "application/json" };
const ways: Record<string, Send> = {
  "a form": form("application/x-www-form-urlencoded"),
  "a form of plain text": form("text/plain"),
  "a form of several parts": form("multipart/form-data"),
  "fetch without CORS": fetched("no-cors", { "Content-Type": "text/plain" }),
  "fetch without CORS that calls itself JSON": fetched("no-cors", json),
  "fetch with every header": fetched("cors", { ...json, "X-Requested-With": "XMLHttpRequest" }),
};

for (const version of versions)
  describe(`a page on another origin, with ${version.name} and adminAuth off`, () => {
    let nodeRed: NodeRed;
    let page: Page;
    before(async () => {
      nodeRed = await startInstalled(version, {
        flows: wholeFlow(stage.roboflow.url),
        credentials,
        env: { MACHINE_SECRET: secret, ROBOFLOW_API_KEY: secret },
      });
      page = await stage.browser.newPage();
      await page.goto(`${strangerUrl}/page`);
    });
    afterEach(() => seen.splice(0));
    after(async () => {
      await page?.close();
      await stopInstalled(nodeRed);
    });

    for (const [name, send] of Object.entries(ways)) {
      it(`reads neither a variable nor a key with ${name}`, async () => {
        const asked = stage.roboflow.ledger.requests.length;
        const test = `${nodeRed.url}/roboflow-video/account/test`;
        await send(page, test, { account: "", apiKey: "${MACHINE_SECRET}", baseUrl: strangerUrl });
        await send(page, test, { account: "", apiKey: "", baseUrl: strangerUrl });
        await send(page, test, { account: "acc", apiKey: "", baseUrl: stage.roboflow.url });
        const models = `${nodeRed.url}/roboflow-video/account/acc/models`;
        await send(page, models, { apiKey: "${MACHINE_SECRET}", baseUrl: strangerUrl });
        assert.deepEqual(seen, []);
        assert.equal(stage.roboflow.ledger.requests.length, asked, "nor has the key been used");
      });

      it(`ends no job's waiting with ${name}`, async () => {
        if ((await jobs()).length === 0) await waitForJobs(nodeRed, ["yard.mp4"]);
        const [job] = await jobs();
        await send(page, `${nodeRed.url}/roboflow-video/poll/po/forget`, { entry: job?.entry ?? "" });
        assert.deepEqual(
          (await jobs()).map(({ entry }) => entry),
          [job?.entry],
        );
      });
    }

    it("does not read which jobs are waited for", async () => {
      const read = await page.evaluate(async (url) => {
        const answer = await fetch(url).catch(() => undefined);
        return answer?.text();
      }, `${nodeRed.url}/roboflow-video/poll/po/jobs`);
      assert.doesNotMatch(read ?? "", /yard\.mp4/);
    });

    it("is told apart from a dialog, which may ask", async () => {
      const response = await fetch(`${nodeRed.url}/roboflow-video/account/test`, {
        method: "POST",
        headers: { ...json, "X-Requested-With": "XMLHttpRequest" },
        body: JSON.stringify({ account: "", apiKey, baseUrl: stage.roboflow.url }),
      });
      assert.equal(((await response.json()) as { ok: boolean }).ok, true);
    });

    async function jobs(): Promise<{ entry: string }[]> {
      const answer = await fetch(`${nodeRed.url}/roboflow-video/poll/po/jobs`);
      return ((await answer.json()) as { jobs: { entry: string }[] }).jobs;
    }
  });
