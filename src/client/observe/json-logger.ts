import { optionsCheck } from '../../check-options.js';
import { type Clock, systemClock } from '../../clock.js';
import { printableJson } from '../../printable.js';
import { clock as clockKind, func, oneOf } from '../../value-kinds.js';
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

const checkOptions = optionsCheck<JsonLoggerOptions>('jsonLogger', {
  level: oneOf('debug', 'info', 'warn', 'error'),
  write: func,
  clock: clockKind,
});

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
  checkOptions(options);
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
