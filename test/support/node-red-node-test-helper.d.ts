declare module "node-red-node-test-helper" {
  import type { NodeAPI } from "node-red";

  type FlowNode = { id: string; type: string } & Record<string, unknown>;

  /** As much of the helper as our tests use; it brings no types of its own. */
  const helper: {
    settings(settings: Record<string, unknown>): void;
    load(
      nodes: ((RED: NodeAPI) => void)[],
      flow: FlowNode[],
      credentials?: Record<string, Record<string, string>>,
    ): Promise<void>;
    unload(): Promise<void>;
    setFlows(
      flow: FlowNode[],
      type: "full" | "nodes" | "flows",
      credentials?: Record<string, Record<string, string>>,
    ): Promise<void>;
    getNode(id: string): any;
    /** A spy on all that is logged. */
    log(): { args: [{ level: number; msg: unknown; type?: string; id?: string }][] };
    /** A supertest agent of the admin endpoints. */
    request(): any;
  };
  export default helper;
}
