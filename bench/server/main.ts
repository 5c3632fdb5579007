import { createReadStream, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ServerReport } from "./report";

/**
 * The server that everything is measured against, in a process of its own: `main.ts FOLDER` serves the files
 * of that folder. It does as little as it can, so that the clients are measured and not the server: uploads
 * are counted and thrown away, and no job ever ends.
 */
const folder = process.argv[2] as string;
const mib = 1024 * 1024;

let report: ServerReport;
let puts = 0;
let jobs = 0;
let connections = 0;

function clear(): void {
  report = { received: 0, sent: 0, mostPuts: 0, mostConnections: 0, polls: {} };
}

const server = createServer({ highWaterMark: mib }, (request, response) => {
  answer(request, response).catch(() => response.destroy());
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://server");
  const [, first, rest = ""] = pathname.split("/");
  switch (first) {
    case "video_upload_signed_url":
      return json(response, { signed_url: `http://${request.headers.host}/put/video.mp4` });
    case "put":
      return receive(request, response);
    case "videoinfer":
      if (request.method === "POST") return start(request, response);
      return poll(searchParams.get("job_id") ?? "", response);
    case "result":
      return sendFile(path.join(folder, rest), response);
    case "chunked":
      return pipeline(counted(createReadStream(path.join(folder, rest), { highWaterMark: mib })), response);
    case "announced":
      response.setHeader("content-length", rest);
      return sendSpaces(Number(rest), response);
    case "unannounced":
      return sendSpaces(Number(rest), response);
    case "report":
      return json(response, report);
    case "clear":
      clear();
      return json(response, {});
    default:
      response.statusCode = 404;
      response.end();
  }
}

function json(response: ServerResponse, value: unknown): void {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(value));
}

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  puts += 1;
  report.mostPuts = Math.max(report.mostPuts, puts);
  request.on("data", (piece: Buffer) => {
    report.received += piece.length;
  });
  request.once("close", () => {
    puts -= 1;
  });
  request.once("end", () => response.end());
}

function start(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  jobs += 1;
  json(response, { job_id: `started-${jobs}` });
}

function poll(job: string, response: ServerResponse): void {
  report.polls[job] ??= { asked: [], answered: [] };
  const { asked, answered } = report.polls[job];
  asked.push(performance.now());
  // Noted before it leaves: afterwards this process may have to wait for a processor.
  answered.push(performance.now());
  json(response, { job_id: job, status: 1 });
}

async function sendFile(file: string, response: ServerResponse): Promise<void> {
  response.setHeader("content-type", "application/json");
  response.setHeader("content-length", statSync(file).size);
  await pipeline(counted(createReadStream(file, { highWaterMark: mib })), response);
}

async function sendSpaces(bytes: number, response: ServerResponse): Promise<void> {
  function* spaces() {
    const piece = Buffer.alloc(mib, " ");
    for (let left = bytes; left > 0; left -= mib) yield piece.subarray(0, Math.min(mib, left));
  }
  await pipeline(counted(Readable.from(spaces(), { objectMode: false })), response);
}

function counted(source: Readable): Readable {
  return source.on("data", (piece: Buffer) => {
    report.sent += piece.length;
  });
}

clear();
server.requestTimeout = 0;
server.keepAliveTimeout = 120_000;
server.on("connection", (socket) => {
  connections += 1;
  report.mostConnections = Math.max(report.mostConnections, connections);
  socket.once("close", () => {
    connections -= 1;
  });
});
// When the bench is gone, in whatever way, so is its server.
process.stdin.resume().once("end", () => process.exit());
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
