import { Network } from "../nodes/roboflow";

/** An answer, read to its end. */
export interface Answered {
  status: number;
  headers: Record<string, string | undefined>;
  text: string;
  /** Undefined where the text is no JSON. */
  json: any;
  /** From the request to the end of the answer. */
  milliseconds: number;
}

interface Body {
  headers?: Record<string, string>;
  json?: unknown;
  bytes?: Buffer;
}

/** Makes requests as the nodes do: the same client, its time limits and its proxy settings; redirects are answers. */
export class Requests {
  readonly #network = new Network();

  async send(
    method: "GET" | "POST" | "PUT",
    url: string,
    { headers, json, bytes }: Body = {},
  ): Promise<Answered> {
    const began = performance.now();
    const text = json === undefined ? undefined : JSON.stringify(json);
    const response = await this.#network.request({
      method,
      url,
      headers: {
        ...(text === undefined
          ? {}
          : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) }),
        ...(bytes ? { "Content-Length": bytes.length } : {}),
        ...headers,
      },
      body: bytes ? once(bytes) : text,
      signal: AbortSignal.timeout(120_000),
    });
    const answer = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text: answer,
      json: parsed(answer),
      milliseconds: Math.round(performance.now() - began),
    };
  }

  close(): void {
    this.#network.close();
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
