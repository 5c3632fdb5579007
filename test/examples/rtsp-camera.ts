import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { ffmpegPath } from "../../emulator/video";
import { until } from "../support/node-red";

export interface RtspCamera {
  url: string;
  /** How many times somebody has asked it to play. */
  readonly plays: number;
  close(): void;
}

/**
 * A camera that shows a clip over and over, in real time: as much of RTSP (RFC 2326) as a client needs that wants the
 * picture over TCP. The packets are ffmpeg's.
 */
export async function startRtspCamera(clip: string): Promise<RtspCamera> {
  let plays = 0;
  const ends = new Set<() => void>();
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    let film: Film | undefined;
    const end = () => {
      film?.stop();
      socket.destroy();
      ends.delete(end);
    };
    ends.add(end);
    socket.on("close", end);
    let asked = "";
    socket.on("data", async (data) => {
      // Reports on what was received come in between, as binary; nothing that is asked holds a "$".
      asked += data.toString("latin1");
      for (let at = asked.indexOf("\r\n\r\n"); at >= 0; at = asked.indexOf("\r\n\r\n")) {
        const [line = ""] = asked.slice(0, at).split("\r\n");
        const sequence = /^CSeq: *(\d+)/im.exec(asked)?.[1] ?? "0";
        asked = asked.slice(at + 4);
        const method = /(OPTIONS|DESCRIBE|SETUP|PLAY|TEARDOWN) /.exec(line)?.[1];
        const answer = (headers: string[], body = "") =>
          socket.write(
            [
              "RTSP/1.0 200 OK",
              `CSeq: ${sequence}`,
              "Session: 1",
              ...headers,
              `Content-Length: ${body.length}`,
              "",
              body,
            ].join("\r\n"),
          );
        if (method === "DESCRIBE") {
          film = await startFilm(clip);
          answer(["Content-Type: application/sdp"], film.description);
        } else if (method === "SETUP") answer(["Transport: RTP/AVP/TCP;unicast;interleaved=0-1"]);
        else if (method === "PLAY") {
          plays += 1;
          answer([]);
          film?.playTo(socket);
        } else if (method) answer(["Public: DESCRIBE, SETUP, PLAY, TEARDOWN"]);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `rtsp://127.0.0.1:${(server.address() as AddressInfo).port}/stream1`,
    get plays() {
      return plays;
    },
    close: () => {
      for (const end of [...ends]) end();
      server.close();
    },
  };
}

interface Film {
  description: string;
  playTo(socket: Socket): void;
  stop(): void;
}

/** ffmpeg sends RTP packets by UDP; what came before somebody looks is kept, since the picture begins there. */
async function startFilm(clip: string): Promise<Film> {
  const packets: Buffer[] = [];
  let socket: Socket | undefined;
  const udp = createSocket("udp4");
  udp.bind(0, "127.0.0.1");
  await once(udp, "listening");
  const send = (packet: Buffer) => {
    const head = Buffer.from([0x24, 0, packet.length >> 8, packet.length & 255]);
    socket?.write(Buffer.concat([head, packet]));
  };
  udp.on("message", (packet) => (socket ? send(packet) : packets.push(packet)));
  const folder = mkdtempSync(path.join(tmpdir(), "rtsp-camera-"));
  const sdp = path.join(folder, "film.sdp");
  const source = ["-re", "-stream_loop", "-1", "-i", clip, "-an", "-c:v", "copy"];
  const target = ["-sdp_file", sdp, "-f", "rtp", `rtp://127.0.0.1:${udp.address().port}?rtcpport=9`];
  const ffmpeg = spawn(ffmpegPath, ["-nostdin", "-loglevel", "error", ...source, ...target], {
    stdio: "ignore",
  });
  const read = () => (existsSync(sdp) ? readFileSync(sdp, "utf8") : "");
  await until(
    () => /profile-level-id=\w{6}/.test(read()),
    5000,
    () => "ffmpeg does not describe its film",
  );
  // Some ffmpegs write a heading.
  const description = `${read()
    .replace(/^SDP:\s*/, "")
    .trim()}\r\na=control:track0\r\n`;
  rmSync(folder, { recursive: true });
  return {
    description,
    playTo: (viewer) => {
      socket = viewer;
      packets.splice(0).forEach(send);
    },
    stop: () => {
      ffmpeg.kill("SIGKILL");
      udp.close();
    },
  };
}
