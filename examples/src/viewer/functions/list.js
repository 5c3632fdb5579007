// The clips, newest first; where their files lie is nobody's business.
const clips = (flow.get("viewerClips") || []).map(({ video, ...shown }) => ({
  ...shown,
  hasVideo: Boolean(video),
}));
msg.payload = clips.sort((one, other) => other.created.localeCompare(one.created));
return msg;
