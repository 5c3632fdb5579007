// Sends a file of a clip: its video, its summary, or the frames of one window. Express sends it piece by piece and
// answers Range requests, with which a player jumps.
const { id, part } = msg.req.params;
const video = /\.(mp4|m4v|mov|webm|mkv|avi)$/i;

/** Only what belongs to a clip that this flow has kept: no path comes out of a request. */
function asked() {
  const clip = (flow.get("viewerClips") || []).find((known) => known.id === id);
  if (!clip) return undefined;
  const inFolder = (name) => path.join(flow.get("viewerFolder"), clip.id, name);
  if (part === "video") return /^https?:/i.test(clip.video) || video.test(clip.video) ? clip.video : undefined;
  if (part === "summary") return inFolder("summary.json");
  return /^\d{1,7}$/.test(part) ? inFolder(`${part}.json`) : undefined;
}

function refuse(statusCode) {
  node.send({ ...msg, statusCode, payload: { error: "There is no such thing here." } });
}

const file = asked();
if (!file) refuse(404);
else if (/^https?:/i.test(file)) node.send({ ...msg, statusCode: 302, headers: { location: file }, payload: "" });
else {
  const response = msg.res._res;
  const headers = { "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff" };
  response.sendFile(path.resolve(file), { dotfiles: "allow", cacheControl: false, headers }, (failure) => {
    // A player that has enough closes the connection: that is no failure. One may ask for what lies past the end.
    if (failure && !response.headersSent) refuse(failure.status === 416 ? 416 : 404);
  });
}
return null;
