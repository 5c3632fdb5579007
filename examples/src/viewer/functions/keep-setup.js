// Where to keep what was seen: VIEWER_DIR; left out, a folder of Node-RED's usual user directory, or of the
// system's temporary one where there is no such directory.
const usual = path.join(os.homedir(), ".node-red");
const home = fs.existsSync(usual) ? usual : os.tmpdir();
const folder = path.resolve(env.get("VIEWER_DIR") || path.join(home, "video-viewer"));
fs.mkdirSync(folder, { recursive: true });

const clips = [];
for (const name of fs.readdirSync(folder)) {
  try {
    clips.push(JSON.parse(fs.readFileSync(path.join(folder, name, "clip.json"), "utf8")));
  } catch {
    // Something else lies there.
  }
}
flow.set("viewerFolder", folder);
flow.set("viewerClips", clips);
context.set("open", {});
