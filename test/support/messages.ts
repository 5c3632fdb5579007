import assert from "node:assert/strict";

/** A message as a test looks at it. */
export type Msg = Record<string, any>;

/** `msg.roboflow` without what changes from run to run, whose form is checked instead. */
export function comparable(roboflow: Msg): Msg {
  const { id, handover: _handover, uploadedAt, expiresAt, startedAt, finishedAt, ...rest } = roboflow;
  assert.equal(typeof id, "string");
  for (const time of [uploadedAt, expiresAt, startedAt, finishedAt])
    if (time !== undefined) assert.equal(time, new Date(time).toISOString());
  const times = Object.entries({ uploadedAt, expiresAt, startedAt, finishedAt });
  return { ...rest, times: times.filter(([, time]) => time !== undefined).map(([name]) => name) };
}
