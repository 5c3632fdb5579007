// What a clip is, and how it is rewritten. Knows neither Node-RED nor Roboflow.
export { bufferSource, withFileSource } from "./byte-source";
export { lookInto, NotAClip } from "./clip";
export { identify } from "./identify";
export { RewriteFailed, rewriteClip } from "./rewrite";
