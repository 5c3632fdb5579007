import path from "node:path";
import type { Node, NodeAPI, NodeDef, NodeMessage } from "node-red";
import { describeValue, VideoError } from "../roboflow";
import { describeFailure, NodeFailure, statusOf } from "../runtime/failure";
import { type ClipMessage, clipNames } from "../runtime/message";
import { spoolFolder, storageFolder } from "../runtime/paths";
import { playableClips } from "../runtime/playable";
import { resultsUnderWay } from "../runtime/results-under-way";
import { checkConfig, settingsOf } from "../runtime/settings";
import { StatusLine } from "../runtime/status";
import { registerViewerRoutes } from "./admin";
import { type ViewerOptions, viewerDefaults } from "./options";
import { ViewerClips, type ViewerClipsOptions } from "./server/clips";
import { failedType } from "./server/reading";
import { ViewerSite } from "./server/site";
import { type Claim, claimSite, servesPages } from "./server/sites";
import { readSettings } from "./settings";

const type = "roboflow-video-viewer";

/**
 * Shows clips and what was seen in them on a page. It has no runner: what comes twice replaces itself, so nothing has to
 * be in the journal, and there may be thousands of frames in a second.
 */
export default function viewer(RED: NodeAPI): void {
  registerViewerRoutes(RED);

  function Viewer(this: Node, saved: NodeDef & Partial<ViewerOptions>): void {
    RED.nodes.createNode(this, saved);
    const options = { ...viewerDefaults, ...saved };
    const settings = settingsOf(saved, () => readSettings(options));
    const status = new StatusLine(RED, this);
    let store: ViewerClips | undefined;
    let claim: Claim | undefined;

    const describe = (error: unknown, msg?: NodeMessage) =>
      describeFailure(RED, "viewer", error, { secrets: [], ...(msg && namesIn(msg)) });
    const reportConfigError = (error: VideoError) => {
      const failure = describe(error);
      this.error(failure.message);
      status.broken(statusOf(failure));
    };
    const pathTaken = (taken: string) =>
      new VideoError("CONFIG", "viewerPathTaken", { values: { path: taken } });

    const take = async (msg: NodeMessage): Promise<void> => {
      const { path: own } = settings();
      if (!servesPages(RED)) throw new VideoError("CONFIG", "noPages");
      if (!store) throw new VideoError("STORAGE", "cannotWrite", { values: { path: folderOf(RED, this) } });
      if (!claim?.isActive) throw pathTaken(own);
      // What a viewer fails with comes here by a Catch node as well, and says nothing about the clip.
      if (failedType(msg as { error?: unknown }) === type) return;
      const taken = await store.take(msg);
      if (!taken) throw nothingOfAClip(msg);
      if (taken.isLoading) status.working("clip", { key: "frame", values: { number: taken.frames } });
      else showCount();
    };
    const showCount = () => status.ended("clip", { done: "clipsKept", values: { count: store?.size ?? 0 } });

    this.on("input", (msg, _send, done) => {
      const failed = (error: unknown) => {
        const failure = describe(error, msg);
        if (failure.code === "RESULT" || failure.code === "INPUT") store?.fail(msg, failure.message);
        status.ended("clip", { failed: statusOf(failure) });
        return new NodeFailure(failure);
      };
      // The last one: another node's callback has failed, and an unhandled rejection would end the process.
      take(msg)
        .then(() => undefined, failed)
        .then(done)
        .catch((error) => this.error(describe(error).message));
    });
    this.on("close", () => {
      claim?.release();
      store?.close();
      status.close();
    });

    checkConfig({ reportConfigError }, () => {
      const { path: own, keepClips } = settings();
      if (!servesPages(RED)) throw new VideoError("CONFIG", "noPages");
      store = openStore(RED, this, { keep: keepClips, ended: showCount });
      const site = new ViewerSite(RED, { path: own, store, playable: playableClips(RED) });
      claim = claimSite(RED, { path: own, site, gained: () => status.ended("clip", undefined) });
      if (!claim.isActive) throw pathTaken(own);
    });
  }
  RED.nodes.registerType(type, Viewer as never);
}

/** Names of a message's clip and job, as far as it shows them. */
function namesIn(msg: NodeMessage): { fileName?: string; jobId?: string } {
  try {
    const { roboflow } = msg as Partial<ClipMessage>;
    return roboflow ? clipNames({ ...msg, roboflow } as ClipMessage) : {};
  } catch {
    return {};
  }
}

/** The folder of one viewer node. What it finds there that is no clip it removes, and an ID may be `..`. */
const folderOf = (RED: NodeAPI, { id }: Node) =>
  path.join(storageFolder(RED), ".viewers", `${encodeURIComponent(id)}.clips`);

/** @throws VideoError STORAGE */
function openStore(RED: NodeAPI, node: Node, own: Pick<ViewerClipsOptions, "keep" | "ended">): ViewerClips {
  const folder = folderOf(RED, node);
  const underWay = resultsUnderWay(RED);
  try {
    return new ViewerClips({ ...own, folder, spool: spoolFolder(RED), isUnderWay: (id) => underWay.has(id) });
  } catch (cause) {
    throw new VideoError("STORAGE", "cannotWrite", { values: { path: folder }, cause });
  }
}

function nothingOfAClip({ payload }: NodeMessage): VideoError {
  return new VideoError("INPUT", "notOfAClip", { values: { value: describeValue(payload) } });
}
