/** Severity: `debug` for routine, `info` for changes, `warn` for failures and displaced metadata, `error` if the operator must act. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** An event as a flat record of JSON values, without passwords, tokens, hashes or snapshots. */
export interface EventRecord {
  /** Name of the event, as in CfluxEvents. */
  readonly event: string;
  readonly cluster: string;
  /** Undefined until the manager assigned one. */
  readonly nodeId: number | undefined;
  readonly [field: string]: string | number | boolean | undefined;
}

/** Receives records with a message for people: a pino or bunyan logger, `console`, or a {@link jsonLogger}. */
export type EventLogger = {
  readonly [Level in LogLevel]: (record: EventRecord, message: string) => void;
};
