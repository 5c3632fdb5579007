import type { NextFunction, Request, RequestHandler, Response } from "express";
import type { NodeAPI } from "node-red";

/** What is served at a path and below it. */
export interface Site {
  /** @param rest of the path behind the site's own, such as `/clips`; empty for the site itself */
  answer(request: Request, response: Response, rest: string): void;
}

/** A viewer's claim to a path. */
export interface Claim {
  /** Whether it has the path: whoever came first. */
  readonly isActive: boolean;
  release(): void;
}

interface Claimed {
  path: string;
  site: Site;
  /** Called when the path has become free for it. */
  gained(): void;
}

/**
 * The paths of all viewers of this Node-RED. There is one handler for all of them, and it stays: a route of Express could
 * only be taken back by reaching into its insides.
 */
class Sites {
  readonly #claims: Claimed[] = [];

  claim(claimed: Claimed): Claim {
    this.#claims.push(claimed);
    const isActive = () => this.#holderOf(claimed) === claimed;
    return {
      get isActive() {
        return isActive();
      },
      release: () => {
        const waiting = this.#claims.filter((other) => this.#holderOf(other) !== other);
        this.#claims.splice(this.#claims.indexOf(claimed), 1);
        for (const other of waiting) if (this.#holderOf(other) === other) other.gained();
      },
    };
  }

  /** The first of those that want a path, or one that is above or below it. */
  #holderOf({ path }: Claimed): Claimed | undefined {
    return this.#claims.find((other) => isAt(other.path, path) || isAt(path, other.path));
  }

  find(path: string): Claimed | undefined {
    const found = this.#claims.find((claimed) => isAt(path, claimed.path));
    return found && this.#holderOf(found) === found ? found : undefined;
  }
}

/** Whether a path is another one or below it. */
const isAt = (path: string, other: string) => path === other || path.startsWith(`${other}/`);

const ofServer = new WeakMap<object, Sites>();

/**
 * Claims a path below `httpNodeRoot`.
 *
 * @param claimed the path without a slash at its end
 */
export function claimSite(RED: NodeAPI, claimed: Claimed): Claim {
  const known = ofServer.get(RED.httpNode);
  if (known) return known.claim(claimed);
  const sites = new Sites();
  ofServer.set(RED.httpNode, sites);
  RED.httpNode.use((request, response, next) => {
    const found = sites.find(request.path);
    if (!found) return next();
    // As core's `http in` does: some guard their pages by it.
    const { httpNodeMiddleware } = RED.settings as { httpNodeMiddleware?: RequestHandler | RequestHandler[] };
    const guards = [httpNodeMiddleware ?? []].flat().filter((guard) => typeof guard === "function");
    runAll(guards, request, response, next, () =>
      found.site.answer(request, response, request.path.slice(found.path.length)),
    );
  });
  return sites.claim(claimed);
}

/** Whether Node-RED serves pages of flows at all. */
export const servesPages = ({ settings, httpNode }: NodeAPI): boolean =>
  (settings as { httpNodeRoot?: unknown }).httpNodeRoot !== false && typeof httpNode === "function";

/** Runs handlers one after the other; what one of them fails with goes to `next`. */
export function runAll(
  handlers: readonly RequestHandler[],
  request: Request,
  response: Response,
  next: NextFunction,
  then: () => void,
): void {
  const [first, ...others] = handlers;
  if (first)
    first(request, response, (error?: unknown) => {
      if (error) next(error);
      else runAll(others, request, response, next, then);
    });
  else then();
}
