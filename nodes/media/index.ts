// What a clip is, and how it is rewritten. Knows neither Node-RED nor Roboflow.
export { type ByteSource, bufferSource, withFileSource } from "./byte-source";
export { type ClipFacts, lookInto, NotAClip } from "./clip";
export { type Container, headSize, identify, type Lookalike } from "./identify";
export { largestTransportStream, RewriteFailed, rewriteClip, rewrittenAs } from "./rewrite";
export type { Tracks, VideoTrack } from "./tracks";
