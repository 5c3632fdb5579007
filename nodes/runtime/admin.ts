import type { NextFunction, Request, Response } from "express";
import type { NodeAPI } from "node-red";
import { isObject, withoutSecrets } from "../roboflow";
import { requestHeader } from "./request-header";

/** What a route gets of a request. */
export interface AdminRequest {
  params: Record<string, string>;
  /** The JSON body's fields, of whatever type; empty where it is no object. */
  body: Record<string, unknown>;
}

/** What a route answers: an object as JSON, nothing (204), or that it does not know what was asked for (404). */
export type AdminAnswer = object | undefined | typeof unknownNode;

/** The answer for a node that is not deployed. */
export const unknownNode = Symbol("unknown node");

type Route = (request: AdminRequest) => AdminAnswer | Promise<AdminAnswer>;

/** `GET path` for what is only looked at; `POST path` for whatever uses the key or changes something. */
type Routes = Record<`${"GET" | "POST"} ${string}`, Route>;

/**
 * The only way to an admin endpoint of ours, at `/roboflow-video/<name>/<path>`. A `GET` asks for the permission
 * `roboflow-video-<name>.read`, a `POST` for `.write`; who may send it, {@link guards} say.
 *
 * @param name of the node type, without its prefix.
 */
export function registerRoutes(RED: NodeAPI, name: string, routes: Routes): void {
  for (const [place, route] of Object.entries(routes)) {
    const [method, path] = place.split(" ");
    const url = `/roboflow-video/${name}/${path}`;
    const permission = (right: string) => RED.auth.needsPermission(`roboflow-video-${name}.${right}`);
    const answer = (request: Request, response: Response) => run(RED, route, request, response);
    if (method === "GET") RED.httpAdmin.get(url, permission("read"), ...guards.GET, answer);
    else RED.httpAdmin.post(url, permission("write"), ...guards.POST, answer);
  }
}

/**
 * Refuses what a page on another origin has its visitor's browser send. Without a user name and password (adminAuth),
 * that alone would make it an order from a person; and Node-RED 4.1 lets pages of every origin set headers (CORS), so
 * that {@link requestHeader} does not keep those out.
 */
function sameOrigin(request: Request, response: Response, next: NextFunction): void {
  // Set by browsers and by nobody else. The first is missing where neither https nor the machine itself is asked.
  const site = request.get("Sec-Fetch-Site");
  const origin = request.get("Origin");
  const isForeign = site ? !["same-origin", "none"].includes(site) : origin && !isOriginOf(request, origin);
  if (isForeign) refuse(response, 403, "OTHER_ORIGIN");
  else next();
}

const isOriginOf = (request: Request, origin: string): boolean =>
  URL.canParse(origin) && new URL(origin).host === request.get("Host")?.toLowerCase();

/**
 * Lets through JSON with a header of ours, neither of which a form can send. A request that has nothing to tell, such as a
 * `DELETE`, may say so without a body.
 */
function jsonWithHeader(request: Request, response: Response, next: NextFunction): void {
  const [type = ""] = (request.get("Content-Type") ?? "").split(";");
  if (type.trim().toLowerCase() !== "application/json") refuse(response, 415, "CONTENT_TYPE");
  else if (!request.get(requestHeader)) refuse(response, 403, "HEADER_MISSING");
  else next();
}

/** What stands before every endpoint of ours that a browser can reach: `POST` for what uses or changes something. */
export const guards = { GET: [sameOrigin], POST: [sameOrigin, jsonWithHeader] };

const refuse = (response: Response, status: number, code: string) =>
  response.status(status).json({ ok: false, code });

/** Never rejects: nobody would hear it, and Node.js ends the process then. */
async function run(RED: NodeAPI, route: Route, { params, body }: Request, response: Response): Promise<void> {
  try {
    const fields = isObject(body) ? body : {};
    const answer = await route({ params: params as Record<string, string>, body: fields });
    if (answer === unknownNode) refuse(response, 404, "NOT_DEPLOYED");
    else if (answer === undefined) response.sendStatus(204);
    else response.json(answer);
  } catch (error) {
    RED.log.error(withoutSecrets(String(error)));
    // It may hold anything, so the answer does not tell it.
    if (!response.headersSent) refuse(response, 500, "FAILED");
  }
}
