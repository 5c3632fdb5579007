import type { TestContext } from "node:test";

/** Sets an environment variable of this process, or removes it, until the test has ended. */
export function withEnvironment(t: TestContext, name: string, value: string | undefined): void {
  const before = process.env[name];
  const set = (to: string | undefined) => {
    if (to === undefined) delete process.env[name];
    else process.env[name] = to;
  };
  set(value);
  t.after(() => set(before));
}
