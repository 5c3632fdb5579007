import { TurnQueue } from "../../event-loop";

/**
 * What comes in at the nodes of this process, from their wires and from the journal: messages that come by the thousand
 * are taken in a few at a time, so that they freeze no flow.
 */
export const intake = new TurnQueue();

// A process that is told to end while it deploys waits for no node to close.
process.once("exit", () => intake.flush());
