import manifest from "./package.json";

const nodes = Object.keys(manifest["node-red"].nodes).map((type) => type.replace("roboflow-video-", ""));

export default {
  entry: [
    "nodes/*/*.editor.ts",
    ...nodes.map((node) => `nodes/${node}/${node}.ts`),
    "test/**/*.test.ts",
    "demo/observer.js",
    "mutation/substitute.cjs",
    "test/*/support/**/*.js",
    "test/types/*.ts",
    "nodes/media/worker.ts",
    "nodes/viewer/page/page.ts",
    "bench/server/main.ts",
    "bench/gateway/nodes/*.js",
    "demo/clip/make-clip.ts",
  ],
  project: [
    "nodes/**/*.ts",
    "emulator/**/*.ts",
    "demo/**/*.{ts,js}",
    "test/**/*.{ts,js}",
    "bench/**/*.ts",
    "build/**/*.{mjs,ts}",
    "live/**/*.ts",
    "soak/**/*.ts",
    "mutation/**/*.{ts,cjs}",
  ],
  // What a function takes and gives has a name for whoever reads it, even when nobody imports that name yet.
  ignoreExportsUsedInFile: true,
  // Parts of Node-RED, found from where Node-RED is.
  ignoreDependencies: ["@node-red/util", "mqtt", "ws"],
  // Of the system: suites of CI make certificates, a test that skips without it makes a pipe.
  ignoreBinaries: ["mkfifo", "mount", "openssl", "umount"],
};
