import assert from "node:assert/strict";
import { test } from "node:test";
import { isLocalAddress } from "../../../nodes/upload/fetch/address";

test("addresses that only this network reaches are told from those that Roboflow can fetch itself", () => {
  const local = [
    "http://10.1.2.3/clip.mp4",
    "http://172.16.0.1",
    "http://172.31.255.255",
    "http://192.168.178.20:8080/a",
    "http://127.0.0.1:5000",
    "http://127.1",
    "http://2130706433",
    "http://0.0.0.0",
    "http://169.254.7.7",
    "http://100.64.0.1",
    "http://100.127.255.255",
    "http://[::1]:8971",
    "http://[fe80::1]",
    "http://[fd12:3456::1]",
    "http://[::ffff:192.168.1.1]",
    "http://[::ffff:a00:1]",
    "http://frigate:5000/api/events/1/clip.mp4",
    "http://FRIGATE./x",
    "http://localhost",
    "http://nvr.local",
    "http://cam.lan",
    "http://cam.home",
    "http://a.internal",
    "http://x.home.arpa",
    "http://x.localdomain",
    "http://nas.fritz.box",
    "http://fritz.box/clip.mp4",
    "http://FRITZ.BOX.",
    "http://home.arpa",
    "http://app.localhost.",
  ];
  const internet = [
    "https://example.com/clip.mp4",
    "http://8.8.8.8",
    "http://172.15.0.1",
    "http://172.32.0.1",
    "http://100.63.0.1",
    "http://100.128.0.1",
    "http://192.169.0.1",
    "http://[2001:db8::1]",
    "http://[::ffff:8.8.8.8]",
    "http://local.example.com",
    "http://fritz.box.example.org",
    "http://blackfritz.box",
    "http://mylocal.com",
    "https://storage.googleapis.com/x",
  ];
  for (const url of local) assert.equal(isLocalAddress(new URL(url)), true, url);
  for (const url of internet) assert.equal(isLocalAddress(new URL(url)), false, url);
});
