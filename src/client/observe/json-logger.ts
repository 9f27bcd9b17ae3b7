import { type Clock, systemClock } from '../../clock.js';
import { printableJson } from '../../printable.js';
import type { EventLogger, LogLevel } from './event-logger.js';

/** Options of {@link jsonLogger}. */
export interface JsonLoggerOptions {
  /** The lowest level to write. Default: `info`. */
  readonly level?: LogLevel;
  /** Writes a line, which ends with a line feed. Default: standard output. */
  readonly write?: (line: string) => void;
  /** Default: the clock of the machine. */
  readonly clock?: Clock;
}

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/**
 * Creates a logger that writes each record as one line of JSON: `time` (ISO 8601, UTC), `level`, the fields of the record, `message`.
 * Control characters are escaped.
 *
 * @example
 * ```ts
 * const client = new CfluxClient(new LocalMetaClient(), { logger: jsonLogger({ level: 'warn' }) });
 * ```
 */
export function jsonLogger(options: JsonLoggerOptions = {}): EventLogger {
  const {
    level: least = 'info',
    write = (line) => process.stdout.write(line),
    clock = systemClock,
  } = options;
  const at =
    (level: LogLevel): EventLogger[LogLevel] =>
    (record, message) => {
      if (levels.indexOf(level) < levels.indexOf(least)) return;
      const time = new Date(clock.now()).toISOString();
      write(`${printableJson(JSON.stringify({ time, level, ...record, message }))}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
