import assert from "node:assert/strict";
import { test } from "node:test";
import { type UploadOptions, uploadDefaults } from "../../../nodes/upload/options";
import { readSettings } from "../../../nodes/upload/settings";

test("a variable that says false leaves the sound out", () => {
  const keepsSound = (audio: unknown) =>
    readSettings({ ...uploadDefaults, audio } as UploadOptions, {}).keepSound;
  assert.equal(keepsSound("false"), false);
  assert.equal(keepsSound(false), false);
  assert.equal(keepsSound("true"), true);
  assert.equal(keepsSound(undefined), true);
});
