import assert from "node:assert/strict";
import { test } from "node:test";
import manifest from "../../package.json";

test("a Node-RED that starts with these nodes loads no library before the first message needs it", () => {
  for (const type of Object.keys(manifest["node-red"].nodes)) {
    const name = type.replace("roboflow-video-", "");
    require(`../../nodes/${name}/${name}`);
  }
  const loaded = Object.keys(require.cache);
  assert.ok(loaded.some((file) => file.endsWith("nodes/roboflow/http/network.ts")));
  for (const library of Object.keys(manifest.dependencies))
    assert.ok(!loaded.some((file) => file.includes(`/node_modules/${library}/`)), library);
});
