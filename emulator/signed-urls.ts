import { createHmac, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";

/** What a link is signed for; a request that differs in one of these is refused. */
export interface SignedFor {
  method: "GET" | "PUT";
  /** The host that the client asks, with its port. */
  host: string;
  /** Left out where it is not signed. */
  contentType?: string;
}

/** A link that is to be made. */
export interface LinkRequest extends SignedFor {
  /** Percent-encoded. */
  path: string;
  /** Seconds. */
  lifetime: number;
}

export type Verdict = "valid" | "expired" | "bad-signature";

/**
 * Signed links as Google Cloud Storage writes them:
 * `<path>?X-Goog-Algorithm=…&X-Goog-Date=…&X-Goog-Expires=SECONDS&X-Goog-SignedHeaders=…&X-Goog-Signature=…`.
 * `X-Goog-Expires` stands between two others: the official Python client cuts it out of the text.
 */
export class SignedUrls {
  readonly #secret = randomBytes(32);
  /** Exact end of each link by its nonce, in ms: X-Goog-Date knows whole seconds only, tests use shorter lives. */
  readonly #ends = new Map<string, number>();

  /** @returns path and query of a link. */
  sign({ path, lifetime, ...signedFor }: LinkRequest): string {
    const nonce = randomUUID();
    const now = new Date();
    this.#ends.set(nonce, now.getTime() + lifetime * 1000);
    if (this.#ends.size > 20_000) this.#forgetOldest();
    const stamp = now.toISOString().replace(/[-:]|\.\d+/g, "");
    const credential = `emulator%40roboflow.iam.gserviceaccount.com%2F${stamp.slice(0, 8)}%2Fauto%2Fstorage%2Fgoog4_request`;
    const headers = signedFor.contentType === undefined ? "host" : "content-type%3Bhost";
    const query =
      `X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=${credential}&X-Goog-Date=${stamp}` +
      `&X-Goog-Expires=${Math.ceil(lifetime)}&X-Goog-SignedHeaders=${headers}&x-goog-request-id=${nonce}`;
    return `${path}?${query}&X-Goog-Signature=${this.#signature(path, query, signedFor)}`;
  }

  /** @param url the request's path and query exactly as it came: another spelling is another signature. */
  verify(url: string, request: SignedFor): Verdict {
    const [path = "", search = ""] = url.split("?");
    const [query = "", signature = ""] = search.split("&X-Goog-Signature=");
    const parameters = new URLSearchParams(query);
    const { contentType, ...others } = request;
    const isTypeSigned = parameters.get("X-Goog-SignedHeaders")?.startsWith("content-type;");
    const signedFor = isTypeSigned ? { ...others, contentType: contentType ?? "" } : others;
    const expected = Buffer.from(this.#signature(path, query, signedFor));
    const given = Buffer.from(signature);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return "bad-signature";
    const end = this.#ends.get(parameters.get("x-goog-request-id") ?? "");
    return end !== undefined && Date.now() < end ? "valid" : "expired";
  }

  /** Ends every link given out so far, as if its time had passed. */
  expireAll(): void {
    this.#ends.clear();
  }

  #forgetOldest(): void {
    for (const nonce of this.#ends.keys()) {
      this.#ends.delete(nonce);
      if (this.#ends.size <= 10_000) return;
    }
  }

  #signature(path: string, query: string, { method, host, contentType = "" }: SignedFor): string {
    const canonical = [method, path, query, contentType, host].join("\n");
    return createHmac("sha256", this.#secret).update(canonical).digest("hex");
  }
}
