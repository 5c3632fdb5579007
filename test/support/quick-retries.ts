import type { TestContext } from "node:test";
import { retries } from "../../nodes/roboflow/http/retry";

/** Makes the waits between tries so short that a test sees all of them; how often is tried stays. */
export function quickRetries(t: TestContext): void {
  for (const policy of Object.values(retries)) {
    const { first } = policy;
    policy.first = 1;
    t.after(() => {
      policy.first = first;
    });
  }
}
