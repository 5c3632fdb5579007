/** What the editor is sent over its websocket. */
export interface Comms {
  /** Everything, as it came. */
  text: () => string;
  /** The complete messages that debug nodes have shown in the sidebar. */
  debugged: () => string[];
  close(): void;
}

// Node-RED's own: Node.js 20 has no client of its own.
const WebSocket = require(require.resolve("ws", { paths: [require.resolve("node-red")] }));

/** Listens to a Node-RED as its editor does: debug sidebar, status of every node, notifications. */
export async function listenAsEditor(url: string): Promise<Comms> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/comms`);
  const received: string[] = [];
  socket.on("message", (data: Buffer) => received.push(data.toString()));
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  for (const subscribe of ["debug", "status/#", "notification/#", "event-log/#"])
    socket.send(JSON.stringify({ subscribe }));
  const events = () =>
    received.flatMap((text) => JSON.parse(text) as { topic?: string; data?: { msg?: string } }[]);
  return {
    text: () => received.join("\n"),
    debugged: () => events().flatMap(({ topic, data }) => (topic === "debug" && data?.msg ? [data.msg] : [])),
    close: () => socket.terminate(),
  };
}
