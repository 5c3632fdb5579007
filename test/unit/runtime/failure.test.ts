import assert from "node:assert/strict";
import { test } from "node:test";
import { NodeFailure } from "../../../nodes/runtime/failure";

const { util } = require("@node-red/util");

const cause = { code: "ENOENT", message: "no such file or directory" };
const error = new NodeFailure({
  code: "INPUT",
  status: "noSuchFile",
  message: "Upload video: not found",
  cause,
});

test("the debug sidebar shows the cause of an error in words", () => {
  const { data } = JSON.parse(util.encodeObject({ msg: error }, { maxLength: 1000 }).msg);
  assert.equal(data.message, "Upload video: not found");
  assert.equal(data.cause, "ENOENT: no such file or directory");
});

test("a Catch node gets code and message of the cause, and nothing else", () => {
  assert.deepEqual(Object.keys(error.cause as object), ["code", "message"]);
  const copy = util.cloneMessage({ error: { cause: error.cause } }).error.cause;
  assert.deepEqual(copy, cause);
  assert.deepEqual(Object.getOwnPropertyNames(copy), ["code", "message"]);
  assert.deepEqual(structuredClone(error.cause), cause);
  assert.equal(JSON.stringify(error.cause), JSON.stringify(cause));
});
