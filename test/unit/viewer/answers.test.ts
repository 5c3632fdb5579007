import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { normalPath } from "../../../nodes/viewer/options";
import { rangeOf } from "../../../nodes/viewer/server/video";

describe("a part of a video", () => {
  it("is what a player asks for", () => {
    for (const [header, range] of [
      ["bytes=0-99", { start: 0, end: 99 }],
      ["bytes=100-", { start: 100, end: 999 }],
      ["bytes=-100", { start: 900, end: 999 }],
      ["bytes=-5000", { start: 0, end: 999 }],
      ["bytes=900-5000", { start: 900, end: 999 }],
      ["bytes=1000-", "unsatisfiable"],
      ["bytes=-0", "unsatisfiable"],
      // What is none is passed over, and the whole comes.
      ["bytes=5-2", undefined],
      ["bytes=0-1,5-6", undefined],
      ["bytes=-", undefined],
      ["items=0-1", undefined],
      [undefined, undefined],
    ] as const)
      assert.deepEqual(rangeOf(header, 1000), range, header);
    assert.equal(rangeOf("bytes=0-", 0), "unsatisfiable");
  });
});

describe("the path of a page", () => {
  it("has one spelling", () => {
    for (const [text, path] of [
      ["/video", "/video"],
      [" video/ ", "/video"],
      ["//video//", "/video"],
      ["/a/b-c_d.e~f", "/a/b-c_d.e~f"],
    ] as const)
      assert.equal(normalPath(text), path);
  });

  it("is nothing that a browser, a proxy or Express would take for something else", () => {
    for (const text of [
      "",
      "/",
      "/a//b",
      "/../x",
      "/a/./b",
      "/a b",
      "/:id",
      "/a?b",
      "/a#b",
      "/%61",
      "/ä",
      "/a*",
      `/${"a".repeat(300)}`,
    ])
      assert.equal(normalPath(text), undefined, text);
  });
});
