import { headSize } from "../../media";
import {
  decodePart,
  type ErrorReason,
  FileSink,
  type HttpResponse,
  type Network,
  quoted,
  readAnswer,
  type Semaphore,
  scavenger,
  secretsOfUrl,
  serverWords,
  sleep,
  VideoError,
  withoutSecrets,
} from "../../roboflow";
import { Authorization, basicOf, type Login } from "./login";

/** A clip on a server of this network, such as a recorder. */
export interface RemoteClip {
  /** http or https; a login in it counts where no other is given. */
  url: string;
  login?: Login;
  network: Network;
  /** Milliseconds for which a clip that is not there yet is asked for again. */
  waitMs: number;
}

export interface FetchHooks {
  signal: AbortSignal;
  /** How many tries go on at a time; whoever waits for a clip that is not there yet does not count. */
  limit: Semaphore;
  /** Whether the file that was written is a whole clip; one that is not counts as not there yet. */
  isComplete(file: string): Promise<boolean>;
  /**
   * How many bytes can be used of what begins as a file does, whose first `headSize` bytes are there: 0 where it is no
   * clip. Much more is not fetched.
   */
  mostBytes(file: string): Promise<number>;
  /** Called before each wait for a clip that is not there yet. */
  waiting?(): void;
  /** Called with the bytes written so far, about twice a second. */
  progress?(bytes: number): void;
}

/** Redirects that are followed. */
const mostRedirects = 5;
/** Times that a login is tried for one answer: a nonce may become stale right after it was given. */
const mostLogins = 3;
/** Milliseconds between two tries: from the first value up to the longest. */
export const waits = { first: 2000, growth: 1000, longest: 5000 };
/** Milliseconds between two reports of progress. */
const reportEveryMs = 500;

/** Answers of recorders that have not finished a clip: Frigate says 400 until its recording exists, others 404 or 409. */
const notThereYet = (status: number) => [400, 404, 409, 425].includes(status) || status >= 500;

/** A reason to ask again, while the time for it lasts. */
class NotThereYet extends Error {
  constructor(readonly failure: VideoError) {
    super(failure.reason);
  }
}

/**
 * Fetches a clip from its server into a new file: again, from the start, while it is not there yet.
 *
 * @param file path of the new file.
 * @throws VideoError INPUT or NETWORK when it is not there in time or is refused, AUTH when the login is; STORAGE; the
 *   signal's reason.
 */
export async function fetchClip(clip: RemoteClip, file: string, hooks: FetchHooks): Promise<void> {
  const { url, login } = withoutLogin(clip);
  const source = { ...clip, url, login };
  let end: number | undefined;
  const attempt = () => {
    // Not the time in which others were asked for theirs.
    end ??= performance.now() + clip.waitMs;
    return fetchOnce(source, file, hooks);
  };
  for (let wait = waits.first; ; wait = Math.min(waits.longest, wait + waits.growth)) {
    hooks.signal.throwIfAborted();
    try {
      return await hooks.limit.run(attempt, hooks.signal);
    } catch (error) {
      hooks.signal.throwIfAborted();
      const failure = error instanceof NotThereYet ? error.failure : undefined;
      if (!failure) throw error;
      const left = (end ?? 0) - performance.now();
      if (left <= 0) throw failure;
      hooks.waiting?.();
      // The last time when the time is over, since the clip may have come just before; a timer may be a little early.
      await sleep(Math.min(wait, Math.ceil(left) + 2), hooks.signal);
    }
  }
}

/** A URL without the login in it, and that login. */
export function withoutLogin({ url: given, login }: Pick<RemoteClip, "url" | "login">): {
  url: URL;
  login: Login | undefined;
} {
  const url = new URL(given);
  const [user, password] = [decodePart(url.username), decodePart(url.password)];
  url.username = "";
  url.password = "";
  return { url, login: login ?? (user || password ? { type: "", user, password } : undefined) };
}

type Source = Omit<RemoteClip, "url"> & { url: URL };

async function fetchOnce(source: Source, file: string, hooks: FetchHooks): Promise<void> {
  const response = await answered(request(source, hooks.signal), source);
  try {
    if (response.status < 200 || response.status > 299) throw await refused(response, source);
    await save(response, file, hooks);
  } catch (error) {
    // A connection that breaks off, as when a recorder restarts.
    throw isOfNetwork(error) ? brokenOff(error, error.reason, source) : error;
  } finally {
    response.discard();
  }
  if (!(await hooks.isComplete(file)))
    throw new NotThereYet(new VideoError("INPUT", "clipIncomplete", { values: { url: shownUrl(source) } }));
}

/** A request that reaches nobody may reach somebody in a moment. */
const answered = (response: Promise<HttpResponse>, source: Source): Promise<HttpResponse> =>
  response.catch((error) => {
    throw isOfNetwork(error) ? brokenOff(error, "clipUnreachable", source) : error;
  });

/** The server that was asked, and what went wrong, in words that may be shown. */
function brokenOff({ code, cause }: VideoError, reason: ErrorReason, source: Source): NotThereYet {
  const cleaned = cause && { ...cause, message: withoutSecrets(cause.message, secretsOf(source)) };
  return new NotThereYet(new VideoError(code, reason, { values: { host: source.url.host }, cause: cleaned }));
}

const isOfNetwork = (error: unknown): error is VideoError & { code: "NETWORK" | "TIMEOUT" } =>
  error instanceof VideoError && (error.code === "NETWORK" || error.code === "TIMEOUT");

/** Follows redirects and logs in; the login goes to the origin of the URL and nowhere else. */
async function request({ url, login, network }: Source, signal: AbortSignal): Promise<HttpResponse> {
  const authorization = new Authorization(login);
  let at = url;
  let logins = 0;
  for (let redirects = 0; ; ) {
    const isOwn = at.origin === url.origin;
    const header = isOwn ? authorization.header("GET", at) : undefined;
    const headers = { Accept: "*/*", ...(header ? { Authorization: header } : {}) };
    const response = await network
      .request({ method: "GET", url: at.href, headers, signal, fresh: true })
      .catch((error) => {
        throw isOwn ? error : withoutWords(error);
      });
    const { status, headers: told } = response;
    const canLogIn = status === 401 && isOwn && authorization.learn(told["www-authenticate"]);
    const target = [301, 302, 303, 307, 308].includes(status) ? redirectTarget(told.location, at) : undefined;
    if (canLogIn && logins < mostLogins) logins += 1;
    else if (target && redirects < mostRedirects) {
      redirects += 1;
      at = target;
    } else return response;
    response.discard();
  }
}

/** Of a server that another has led to, only the code: the name of its host may be made of what that one was told. */
function withoutWords(error: unknown): unknown {
  if (!isOfNetwork(error)) return error;
  const code = error.cause?.code ?? error.code;
  return new VideoError(error.code, error.reason, { values: error.values, cause: { code, message: code } });
}

function redirectTarget(location: string | undefined, from: URL): URL | undefined {
  if (!location || !URL.canParse(location, from)) return undefined;
  const target = new URL(location, from);
  target.username = "";
  target.password = "";
  return /^https?:$/.test(target.protocol) ? target : undefined;
}

/** The error that an answer other than 2xx stands for. */
async function refused(response: HttpResponse, source: Source): Promise<Error> {
  const { status } = response;
  const secrets = secretsOf(source);
  const answer = await readAnswer(response, secrets);
  const told = {
    statusCode: status,
    serverWords: quoted(serverWords(answer), secrets),
    values: { url: shownUrl(source) },
  };
  if (status === 401 || status === 403)
    return new VideoError("AUTH", source.login ? "cameraLoginRefused" : "cameraLoginNeeded", told);
  const failure = new VideoError("INPUT", notThereYet(status) ? "clipNotThere" : "clipRefused", told);
  return notThereYet(status) ? new NotThereYet(failure) : failure;
}

/** Saves the answer; of what cannot be used only the beginning: the live picture of a camera would fill the disk. */
async function save(
  response: HttpResponse,
  file: string,
  { progress, mostBytes }: FetchHooks,
): Promise<void> {
  const sink = new FileSink(file);
  const report = setInterval(() => progress?.(sink.length), reportEveryMs);
  let isEnough = false;
  const look = async () => {
    await sink.longerThan(headSize - 1);
    await sink.longerThan(await mostBytes(file));
    if (sink.writableFinished) return;
    isEnough = true;
    response.discard();
  };
  // Where that fails, so does the transfer, and says why.
  const looked = look().catch(() => {});
  try {
    await response.pipeTo(sink, scavenger());
  } catch (error) {
    if (!isEnough) throw error;
  } finally {
    clearInterval(report);
    await looked;
  }
}

/** What a server may be told, and must not tell anybody else. */
const secretsOf = ({ url, login }: Source): string[] => [
  ...(login ? [login.password, login.user, basicOf(login)] : []),
  ...secretsOfUrl(url.href),
];

/** Where a clip comes from, without what may be secret in its address. */
export const shownUrl = ({ url }: { url: URL }): string => `${url.origin}${url.pathname}`;
