import { createHmac, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";

export type Bucket = "roboflow_video_inference_input" | "roboflow_video_inference_output";

export type Verdict = "valid" | "expired" | "bad-signature";

/**
 * Signed links as Google Cloud Storage writes them:
 * `/<bucket>/<id>/<name>?X-Goog-Algorithm=…&X-Goog-Date=…&X-Goog-Expires=SECONDS&X-Goog-Signature=…`.
 * `X-Goog-Expires` stands between two others: the official Python client cuts it out of the text.
 */
export class SignedUrls {
  readonly #secret = randomBytes(32);
  /** Exact end of each link by its nonce, in ms: X-Goog-Date knows whole seconds only, tests use shorter lives. */
  readonly #ends = new Map<string, number>();

  /** @returns path and query of a link that lives for `lifetime` seconds. */
  sign(bucket: Bucket, id: string, name: string, lifetime: number): string {
    const path = `/${bucket}/${id}/${encodeURIComponent(name)}`;
    const nonce = randomUUID();
    const now = new Date();
    this.#ends.set(nonce, now.getTime() + lifetime * 1000);
    if (this.#ends.size > 20_000) this.#forgetOldest();
    const stamp = now.toISOString().replace(/[-:]|\.\d+/g, "");
    const credential = `emulator%40roboflow.iam.gserviceaccount.com%2F${stamp.slice(0, 8)}%2Fauto%2Fstorage%2Fgoog4_request`;
    const query =
      `X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=${credential}&X-Goog-Date=${stamp}` +
      `&X-Goog-Expires=${Math.ceil(lifetime)}&X-Goog-SignedHeaders=content-type%3Bhost&x-goog-request-id=${nonce}`;
    return `${path}?${query}&X-Goog-Signature=${this.#signature(path, query)}`;
  }

  /** @param url the request's path and query exactly as it came: another spelling is another signature. */
  verify(url: string): Verdict {
    const [path = "", search = ""] = url.split("?");
    const [query = "", signature = ""] = search.split("&X-Goog-Signature=");
    const expected = Buffer.from(this.#signature(path, query));
    const given = Buffer.from(signature);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return "bad-signature";
    const end = this.#ends.get(new URLSearchParams(query).get("x-goog-request-id") ?? "");
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

  #signature(path: string, query: string): string {
    return createHmac("sha256", this.#secret).update(`${path}\n${query}`).digest("hex");
  }
}
