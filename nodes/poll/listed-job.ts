// Imported by the dialog as well: nothing of Node.js or Node-RED here.

/** A job that a poll node waits for, as its dialog lists it. */
export interface ListedJob {
  /** Id of the journal's entry. */
  entry: string;
  jobId: string;
  fileName?: string;
  /** ISO 8601. */
  since: string;
  polls: number;
  /** ISO 8601. */
  nextPoll?: string;
}
