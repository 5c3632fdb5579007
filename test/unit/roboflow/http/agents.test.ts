import assert from "node:assert/strict";
import type { Agent } from "node:http";
import { getDefaultAutoSelectFamilyAttemptTimeout } from "node:net";
import { test } from "node:test";
import { Agents, connectionSettings } from "../../../../nodes/roboflow/http/agents";
import { unhurried } from "../../../support/client-of";

const proxy = { protocol: "http:", host: "proxy.example", port: 3128 };
const addresses = [new URL("http://api.example/"), new URL("https://api.example/")];
const agentOf = ({ httpAgent, httpsAgent }: Record<string, unknown>, { protocol }: URL) =>
  (protocol === "http:" ? httpAgent : httpsAgent) as Agent & {
    options: Record<string, unknown>;
    proxyRequestOptions?: Record<string, unknown>;
  };

test("each of a host's addresses is given some seconds, on every way there is, and nowhere else", async () => {
  const before = getDefaultAutoSelectFamilyAttemptTimeout();
  const agents = new Agents({ ca: "an authority" });
  const { autoSelectFamilyAttemptTimeout } = connectionSettings;
  assert.ok(autoSelectFamilyAttemptTimeout >= 2000 && autoSelectFamilyAttemptTimeout <= 10_000);
  for (const url of addresses)
    for (const way of [false, proxy] as const)
      for (const fresh of [false, true]) {
        const route = await agents.route(url, way, { fresh, signal: unhurried });
        const { options, proxyRequestOptions } = agentOf(route, url);
        const told = `${url} ${fresh} ${JSON.stringify(way)}`;
        assert.equal(options.autoSelectFamilyAttemptTimeout, autoSelectFamilyAttemptTimeout, told);
        if (proxyRequestOptions)
          assert.equal(
            proxyRequestOptions.autoSelectFamilyAttemptTimeout,
            autoSelectFamilyAttemptTimeout,
            told,
          );
      }
  assert.equal(getDefaultAutoSelectFamilyAttemptTimeout(), before);
});

test("axios forwards plain http to a proxy, and makes no tunnel of its own for https", async () => {
  const agents = new Agents();
  const [http, https] = await Promise.all(
    addresses.map((url) => agents.route(url, proxy, { fresh: true, signal: unhurried })),
  );
  assert.deepEqual(http?.proxy, proxy);
  assert.equal(https?.proxy, false);
  for (const url of addresses)
    assert.equal(
      (await agents.route(url, false, { fresh: true, signal: unhurried })).proxy,
      false,
      "not the environment's",
    );
});

test("calls share what is kept, by proxy; a fresh connection through a proxy has a signal of its own", async () => {
  const agents = new Agents();
  const tunnel = async (port: number, fresh: boolean) =>
    (await agents.route(new URL("https://api.example/"), { ...proxy, port }, { fresh, signal: unhurried }))
      .httpsAgent;
  const [first, second] = await Promise.all([tunnel(1, false), tunnel(1, false)]);
  assert.equal(first, second);
  assert.notEqual(first, await tunnel(2, false));
  assert.notEqual(await tunnel(1, true), await tunnel(1, true));
  assert.equal((await tunnel(1, true)).proxyRequestOptions.signal, unhurried);
});
