/** What an upload node holds as saved in a flow. */
export interface UploadOptions {
  name: string;
  account: string;
  /** Where the video is: a path, a Buffer or an http(s) URL, found through a typedInput. */
  video: string;
  videoType: string;
  /** Name sent to Roboflow (Mustache template); empty: taken from the message or the path. */
  fileName: string;
  /** Do accepted work again after a restart. */
  resume: boolean;
}

export const uploadDefaults: UploadOptions = {
  name: "",
  account: "",
  video: "payload",
  videoType: "msg",
  fileName: "",
  resume: true,
};
