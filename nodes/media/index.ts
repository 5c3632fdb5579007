// What a clip is, and how it is rewritten. Knows neither Node-RED nor Roboflow.
export { type ByteSource, bufferSource, withFileSource } from "./byte-source";
export { type ClipFacts, isFinished, lookInto, NotAClip } from "./clip";
export { type Container, headSize, identify } from "./identify";
export { largestTransportStream, RewriteFailed, rewriteClip, rewrittenAs } from "./rewrite";
