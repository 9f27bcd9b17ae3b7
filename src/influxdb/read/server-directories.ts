import type { Series } from '../connect/influx-results.js';
import { diagnosticIn } from './diagnostics.js';

/** The directories of a server, on its machine. */
export interface ServerDirectories {
  /** The `dir` of `[meta]`. */
  readonly meta: string;
  /** The `dir` and the `wal-dir` of `[data]`. */
  readonly data: string;
  readonly wal: string;
}

/** Returns the directories in the result of SHOW DIAGNOSTICS; `undefined` for a server that does not report them. */
export function directoriesIn(diagnostics: readonly Series[]): ServerDirectories | undefined {
  const textOf = (section: string, name: string): string | undefined => {
    const value = diagnosticIn(diagnostics, section, name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const meta = textOf('config-meta', 'dir');
  const data = textOf('config-data', 'dir');
  const wal = textOf('config-data', 'wal-dir');
  return meta === undefined || data === undefined || wal === undefined ? undefined : { meta, data, wal };
}
