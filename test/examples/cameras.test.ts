import assert from "node:assert/strict";
import { copyFileSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import mqtt from "mqtt";
import { pressButton } from "../support/example";
import { startLighttpd } from "../support/lighttpd";
import { type Mosquitto, startMosquitto } from "../support/mosquitto";
import { type FlowNode, until } from "../support/node-red";
import { clip, openStage, throughBroker } from "./stage";

const stage = openStage();

describe("Frigate, imported and used", () => {
  let broker: Mosquitto;
  before(async () => {
    broker = await startMosquitto();
  });
  after(() => broker.stop());

  /** As much of Frigate as the example asks: a clip that is not there at first, and sub labels. */
  async function startFrigate(notYet: number) {
    const asked: string[] = [];
    const labels: Record<string, unknown> = {};
    const server = createServer(async (request, response) => {
      const [, id = "", what] = /^\/api\/events\/([^/]+)\/([\w.]+)$/.exec(request.url ?? "") ?? [];
      if (what === "clip.mp4") {
        asked.push(id);
        if (asked.filter((other) => other === id).length > notYet) return response.end(readFileSync(clip));
        response.writeHead(400, { "Content-Type": "application/json" });
        return response.end('{"success":false,"message":"No recordings found for the specified time range"}');
      }
      if (what === "sub_label" && request.method === "POST") {
        labels[id] = JSON.parse(await bodyOf(request));
        return response.end('{"success":true,"message":"Event sub label set"}');
      }
      response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, asked, labels, close: () => server.close() };
  }
  const bodyOf = async (request: IncomingMessage) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    return Buffer.concat(pieces).toString();
  };

  it("a second opinion on each event that has ended, once, in Frigate and by MQTT", async () => {
    const frigate = await startFrigate(2);
    const withHost = (text: unknown) => String(text).replace("http://frigate.local:5000", frigate.url);
    const flow = await stage.run("frigate", (node: FlowNode) => {
      if (node.type === "template") return { template: withHost(node.template) };
      if (node.type === "http request") return { url: withHost(node.url) };
      return throughBroker(broker)(node);
    });
    const client = await mqtt.connectAsync(broker.url);
    try {
      const opinions: any[] = [];
      client.on("message", (_topic, payload) => opinions.push(JSON.parse(payload.toString())));
      await client.subscribeAsync("roboflow/gate/event");
      await broker.subscribed(["frigate/events"]);
      const event = (type: string, id: string, label: string, more = {}) => {
        const after = { id, camera: "gate", label, has_clip: true, has_snapshot: true, ...more };
        return client.publishAsync("frigate/events", JSON.stringify({ type, before: after, after }), {
          qos: 1,
        });
      };
      for (const type of ["new", "update", "end"]) await event(type, "1683526465.197185-e91hv2", "motion");
      await event("end", "1683526470.5-abcdef", "person");
      await event("end", "1683526480.5-noclip", "person", { has_clip: false });
      await until(
        () => opinions.length === 2 && Object.keys(frigate.labels).length === 2,
        60_000,
        () => `${JSON.stringify(opinions)} ${flow.output}`,
      );
      const confirmed = Object.fromEntries(opinions.map(({ label, confirmed }) => [label, confirmed]));
      assert.deepEqual(confirmed, { motion: true, person: false });
      assert.deepEqual(frigate.labels, {
        "1683526465.197185-e91hv2": { subLabel: "confirmed" },
        "1683526470.5-abcdef": { subLabel: "not confirmed" },
      });
      assert.equal(stage.roboflow.ledger.jobs.length, 2);
      assert.deepEqual(stage.roboflow.ledger.jobs.map(({ clip }) => clip).sort(), [
        "gate-motion.mp4",
        "gate-person.mp4",
      ]);
      assert.equal(frigate.asked.length, 6, "each was asked for until it was there");
      assert.equal(flow.records("what went wrong").length, 0);
    } finally {
      await client.endAsync(true);
      frigate.close();
    }
  });
});

describe("a camera with a login, imported and used", () => {
  for (const algorithm of ["MD5", "SHA-256"] as const)
    it(`gives its clip by Digest with ${algorithm}, to the right login only`, async () => {
      const login = { user: "viewer", password: "pa:ss wörd" };
      copyFileSync(clip, path.join(stage.folder, "latest.mp4"));
      const camera = await startLighttpd(stage.folder, { ...login, algorithm });
      try {
        const asUser = (credentials: object) => (node: FlowNode) => {
          if (node.type === "template")
            return { template: String(node.template).replace(/^http.*clips/, camera.url) };
          return node.type === "roboflow-video-upload" ? { credentials } : undefined;
        };
        const flow = await stage.run("camera-http", asUser(login));
        await pressButton(flow, "camera-http", "motion");
        const [seen] = await flow.recorded("events", 1);
        assert.equal(seen?.msg.payload.class, "motion");
        assert.equal(seen?.msg.roboflow.fileName, "latest.mp4");
        assert.equal(stage.roboflow.ledger.uploads[0]?.size, readFileSync(clip).length);
        await stage.stop();
        const other = await stage.run("camera-http", asUser({ ...login, password: "wrong" }));
        await pressButton(other, "camera-http", "motion");
        const [failed] = await other.recorded("what went wrong", 1);
        assert.equal(failed?.msg.error.code, "AUTH");
        assert.equal(stage.roboflow.ledger.uploads.length, 1);
        assert.ok(!JSON.stringify([seen, failed, flow.output, other.output]).includes("pa:ss"));
      } finally {
        await camera.stop();
      }
    });
});
