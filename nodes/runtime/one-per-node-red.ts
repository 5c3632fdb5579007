import type { NodeAPI } from "node-red";
import { storageFolder } from "./paths";

/**
 * What a Node-RED has one of: the same for all of its nodes, also after deploys. Tests have several Node-REDs in one
 * process, and user directories one after the other.
 *
 * @param make called with its first use.
 * @returns gives it.
 */
export function onePerNodeRed<T>(make: (RED: NodeAPI, storage: string) => T): (RED: NodeAPI) => T {
  const made = new WeakMap<object, Map<string, T>>();
  return (RED) => {
    const storage = storageFolder(RED);
    const known = made.get(RED.events) ?? new Map<string, T>();
    made.set(RED.events, known);
    const one = known.get(storage) ?? make(RED, storage);
    known.set(storage, one);
    return one;
  };
}
