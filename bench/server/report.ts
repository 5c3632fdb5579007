/** What the server has seen since it was last cleared. */
export interface ServerReport {
  /** Bytes of uploads. */
  received: number;
  /** Bytes of results, as far as they were handed to the socket. */
  sent: number;
  /** Uploads at a time, at most. */
  mostPuts: number;
  /** Open connections at a time, at most. */
  mostConnections: number;
  /** By job: when each poll came and when it was answered, in milliseconds of the server's own clock. */
  polls: Record<string, { asked: number[]; answered: number[] }>;
}
