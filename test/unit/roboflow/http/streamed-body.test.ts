import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import http from "node:http";
import { mock, test } from "node:test";
import { StreamedBody } from "../../../../nodes/roboflow/http/streamed-body";

test("on a slow line what was sent is known every moment, however long the chunks are", async () => {
  const bytesPerMs = 400;
  const chunk = Buffer.alloc(768 * 1024);
  for (let at = 0; at < chunk.length; at += 1) chunk[at] = at % 251;
  const writes: Buffer[] = [];
  const line = Object.assign(new EventEmitter(), {
    write: (part: Buffer, callback: () => void) => {
      // The memory is used again once the callback has come.
      writes.push(Buffer.from(part));
      setTimeout(callback, part.length / bytesPerMs);
    },
  });
  mock.method(http, "request", () => line);
  const body = new StreamedBody(
    (async function* () {
      yield chunk;
    })(),
  );
  body.transport.request({ protocol: "http:" }, () => {});
  body.data.resume();
  const seen: number[] = [];
  const watch = setInterval(() => seen.push(body.sent()), 50);
  await new Promise((resolve) => body.data.once("end", resolve));
  clearInterval(watch);
  mock.restoreAll();
  assert.equal(body.sent(), chunk.length);
  assert(Buffer.concat(writes).equals(chunk));
  // No more at a time than such a line takes in a second.
  assert(Math.max(...writes.map(({ length }) => length)) <= 1000 * bytesPerMs);
  assert(new Set(seen).size >= 3, `${[...new Set(seen)]}`);
});
