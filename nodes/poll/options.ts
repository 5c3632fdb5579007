// Imported by the dialog as well: nothing of Node.js or Node-RED here.

/** What a poll node holds as saved in a flow. */
export interface PollOptions {
  name: string;
  account: string;
  jobId: string;
  jobIdType: string;
  /** Seconds from one answer to the next poll. */
  interval: number;
  /** Hours after which waiting ends in JOB_TIMEOUT; 0 = never. */
  timeout: number;
  /** Go on waiting after a restart. */
  resume: boolean;
}

export const pollDefaults: PollOptions = {
  name: "",
  account: "",
  jobId: "payload",
  jobIdType: "msg",
  interval: 60,
  timeout: 24,
  resume: true,
};
