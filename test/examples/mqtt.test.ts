import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import mqtt from "mqtt";
import { type Mosquitto, startMosquitto } from "../support/mosquitto";
import { until } from "../support/node-red";
import { clip, openStage, serveFile, throughBroker } from "./stage";

const stage = openStage();
let broker: Mosquitto;
before(async () => {
  broker = await startMosquitto();
});
after(() => broker.stop());

/** Everything that was published under some topics. */
async function listenTo(topics: string[]) {
  const client = await mqtt.connectAsync(broker.url, { protocolVersion: 5 });
  const heard = new Map<string, any[]>();
  client.on("message", (topic, payload) => {
    heard.set(topic, [...(heard.get(topic) ?? []), JSON.parse(payload.toString())]);
  });
  await client.subscribeAsync(topics);
  const publish = (topic: string, payload: string, retain = false) =>
    client.publishAsync(topic, payload, { qos: 1, retain });
  return { client, heard, publish, first: (topic: string) => heard.get(topic)?.[0] };
}

describe("MQTT, imported and used", () => {
  it("a message an event, one retained summary a clip, found by Home Assistant", async () => {
    const gate = path.join(stage.folder, "gate.mp4");
    copyFileSync(clip, gate);
    const { client, heard, publish, first } = await listenTo([
      "cameras/+/events",
      "cameras/+/summary",
      "homeassistant/#",
    ]);
    // Kept by the broker from before: it has been processed, and paid for.
    await publish("cameras/old/clip", gate, true);
    const flow = await stage.run("mqtt", throughBroker(broker));
    await broker.subscribed(["cameras/+/clip"]);
    const server = await serveFile(clip);
    await publish("cameras/gate/clip", gate);
    await publish("cameras/back door/clip", server.url);
    await publish("cameras/yard/clip", "/no/such/file.mp4");
    await publish("cameras/old/clip", "", true);
    const summary = (camera: string) => first(`cameras/${camera}/summary`);
    const events = () => heard.get("cameras/gate/events") ?? [];
    const found = () => [...heard].filter(([topic]) => topic.startsWith("homeassistant/"));
    await until(
      () =>
        ["gate", "yard", "back door"].every(summary) &&
        events().length >= summary("gate").classes.motion.events &&
        found().length >= 2,
      30_000,
      () => JSON.stringify([...heard.keys()]),
    );
    server.close();
    assert.equal(summary("gate").frames, 75);
    assert.equal(summary("gate").file, "gate.mp4");
    assert.equal(summary("back door").frames, 75);
    assert.equal(summary("yard").code, "INPUT");
    assert.match(summary("yard").error, /no\/such\/file/);
    assert.equal(summary("old"), undefined);
    assert.equal(stage.roboflow.ledger.jobs.length, 2);
    assert.equal(events().length, summary("gate").classes.motion.events);
    assert.equal(events()[0].class, "motion");
    assert.equal(events()[0].clip, summary("gate").clip);
    assert.deepEqual(
      found()
        .map(([topic, [config]]) => [topic, config.state_topic])
        .sort(),
      [
        ["homeassistant/sensor/roboflow_back_20door/config", "cameras/back door/summary"],
        ["homeassistant/sensor/roboflow_gate/config", "cameras/gate/summary"],
      ],
    );
    assert.equal(found()[0]?.[1][0].value_template, "{{ value_json.detections | default('unknown') }}");
    assert.equal((await flow.recorded("what went wrong", 1)).length, 1);
    await client.endAsync();

    // Who comes later, such as a Home Assistant that was restarted, hears what is kept; events are not.
    const late = await listenTo(["cameras/gate/#", "homeassistant/sensor/roboflow_gate/config"]);
    await until(
      () => late.heard.size >= 2,
      10_000,
      () => [...late.heard.keys()].join(),
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual([...late.heard.keys()].sort(), [
      "cameras/gate/summary",
      "homeassistant/sensor/roboflow_gate/config",
    ]);
    await late.client.endAsync(true);
  });
});
