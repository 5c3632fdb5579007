import { createHash, randomBytes } from "node:crypto";
import { type Challenge, challengesIn } from "./challenge";

/** How a camera or recorder is told who asks. Without a type, its own challenge decides between digest and basic. */
export interface Login {
  type: "" | "basic" | "digest" | "bearer";
  user: string;
  /** The token, for bearer. */
  password: string;
}

/** A login as it stands in a Basic header. */
export const basicOf = ({ user, password }: Login): string =>
  Buffer.from(`${user}:${password}`).toString("base64");

/** Names of hashes in a challenge (RFC 7616), best first, and what Node.js calls them. */
const hashes: [string, string][] = [
  ["sha-256", "sha256"],
  ["md5", "md5"],
];

/** The Authorization headers of one fetch: what the server wants is learned from its 401. */
export class Authorization {
  readonly #login: Login | undefined;
  #challenge: Challenge | undefined;
  #requests = 0;

  constructor(login: Login | undefined) {
    this.#login = login;
  }

  /** The header for the next request; undefined where none is to be sent (yet). */
  header(method: string, url: URL): string | undefined {
    if (!this.#login) return undefined;
    const { type, password } = this.#login;
    if (type === "bearer") return `Bearer ${latin1OfUtf8(password)}`;
    if (type === "basic" || this.#challenge?.scheme === "basic") return `Basic ${basicOf(this.#login)}`;
    if (!this.#challenge) return undefined;
    this.#requests += 1;
    return digest(this.#login, this.#challenge, method, url, this.#requests);
  }

  /**
   * Takes in the `WWW-Authenticate` header of a 401.
   *
   * @returns whether asking once more can help: not when the login that was sent has been refused.
   */
  learn(header: string | undefined): boolean {
    if (!this.#login || this.#login.type === "basic" || this.#login.type === "bearer") return false;
    const found = best(challengesIn(header ?? ""), this.#login.type);
    if (!found) return false;
    const isFirst = this.#challenge === undefined;
    const isRenewed = found.scheme === "digest" && found.parameters.stale?.toLowerCase() === "true";
    this.#challenge = found;
    this.#requests = 0;
    return isFirst || isRenewed;
  }
}

/** The strongest challenge that can be answered; without a type in the settings, basic is one of them. */
function best(challenges: Challenge[], type: Login["type"]): Challenge | undefined {
  for (const [name] of hashes) {
    const fits = ({ scheme, parameters }: Challenge) =>
      scheme === "digest" &&
      parameters.nonce !== undefined &&
      hashNameOf(parameters) === name &&
      offersAuth(parameters);
    const found = challenges.find(fits);
    if (found) return found;
  }
  return type === "" ? challenges.find(({ scheme }) => scheme === "basic") : undefined;
}

const hashNameOf = ({ algorithm = "md5" }: Challenge["parameters"]) =>
  algorithm.toLowerCase().replace(/-sess$/, "");
/** Servers from before RFC 2617 name no quality of protection at all. */
const offersAuth = ({ qop }: Challenge["parameters"]) =>
  qop === undefined || qop.split(",").some((quality) => quality.trim().toLowerCase() === "auth");

/** A digest (RFC 7616), with the login in UTF-8. */
function digest(
  { user, password }: Login,
  { parameters }: Challenge,
  method: string,
  url: URL,
  count: number,
): string {
  // All texts are bytes here, a character each: in what charset a server has written its realm nobody knows.
  const { realm = "", nonce = "", opaque, qop, algorithm } = parameters;
  const [ownUser, ownPassword] = [latin1OfUtf8(user), latin1OfUtf8(password)];
  const [, hashName] = hashes.find(([name]) => name === hashNameOf(parameters)) as [string, string];
  const hash = (...parts: string[]) => createHash(hashName).update(parts.join(":"), "latin1").digest("hex");
  const uri = `${url.pathname}${url.search}`;
  const cnonce = randomBytes(16).toString("hex");
  const nc = count.toString(16).padStart(8, "0");
  const secret = hash(ownUser, realm, ownPassword);
  const first = algorithm?.toLowerCase().endsWith("-sess") ? hash(secret, nonce, cnonce) : secret;
  const second = hash(method, uri);
  const response =
    qop === undefined ? hash(first, nonce, second) : hash(first, nonce, nc, cnonce, "auth", second);
  return [
    `Digest username=${quote(ownUser)}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(uri)}`,
    ...(algorithm === undefined ? [] : [`algorithm=${algorithm}`]),
    ...(qop === undefined ? [] : [`qop=auth`, `nc=${nc}`, `cnonce=${quote(cnonce)}`]),
    `response=${quote(response)}`,
    ...(opaque === undefined ? [] : [`opaque=${quote(opaque)}`]),
  ].join(", ");
}

/** Node.js writes a header's characters as Latin-1: these are the bytes of UTF-8. */
const latin1OfUtf8 = (text: string) => Buffer.from(text, "utf8").toString("latin1");

const quote = (text: string) => `"${text.replace(/["\\]/g, "\\$&")}"`;
