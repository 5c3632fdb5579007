// Imported by the dialog as well: nothing of Node.js or Node-RED here.

/** What an account (config node) holds as saved in a flow; the API key is a credential and not among these. */
export interface AccountOptions {
  name: string;
  /** Address of the API, without a trailing slash. */
  baseUrl: string;
  /** Uploads at a time; 0 = no limit. */
  maxUploads: number;
  /** Jobs started in any 24 hours; 0 = no limit. */
  jobsPerDay: number;
  /** Id of a core `tls-config` node, or empty. */
  tls: string;
  /** Id of a core `http proxy` node, or empty. */
  proxy: string;
}

export const accountDefaults: AccountOptions = {
  name: "",
  baseUrl: "https://api.roboflow.com",
  maxUploads: 2,
  jobsPerDay: 0,
  tls: "",
  proxy: "",
};
