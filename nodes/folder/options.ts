// Imported by the dialog as well: nothing of Node.js or Node-RED here.

/** What a folder node holds as saved in a flow. */
export interface FolderOptions {
  name: string;
  /** Path of the watched folder. */
  folder: string;
  /** Watch the folders below it as well. */
  subfolders: boolean;
  /** Extensions of clips, as a comma list. */
  extensions: string;
  /** Seconds without a change after which a clip is finished. */
  settle: number;
  /** Pass on also what is in the folder when the node is first deployed. */
  existing: boolean;
  /** Days after which a clip that was passed on is deleted; 0 = never. */
  keepDays: number;
  /** Gigabytes (10^9 bytes) of clips that were passed on; the oldest of more are deleted. 0 = no limit. */
  keepGB: number;
}

export const folderDefaults: FolderOptions = {
  name: "",
  folder: "",
  subfolders: false,
  extensions: "mp4, m4v, mov, mkv, webm, avi, ts",
  settle: 5,
  existing: false,
  keepDays: 0,
  keepGB: 0,
};

/** What a path leads to on the machine that runs Node-RED. */
export type FolderState = "folder" | "file" | "missing";
