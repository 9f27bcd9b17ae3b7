/** How much a record matters: `debug` is routine, `info` what changed, `warn` what gave way or failed, `error` what waits for somebody. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What happened, for programs: flat, JSON values only, and never a password, token, hash or snapshot. */
export interface EventRecord {
  /** Name of the event, as in CfluxEvents. */
  readonly event: string;
  readonly cluster: string;
  /** Absent until the manager gave one. */
  readonly nodeId: number | undefined;
  readonly [field: string]: string | number | boolean | undefined;
}

/** Takes records and what they say to people: a pino or bunyan logger, `console`, or a {@link jsonLogger}. */
export type EventLogger = {
  readonly [Level in LogLevel]: (record: EventRecord, message: string) => void;
};
