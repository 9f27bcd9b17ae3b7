import type { CfluxError } from '../errors.js';
import type { Report } from './converge/report.js';
import type { Step } from './plan/plan.js';

/** The events of an InfluxMirror with their payloads. */
export interface InfluxMirrorEvents {
  /** A change was made, or refused by the server with this reason. */
  step: [{ readonly step: Step; readonly refusal?: string }];
  /** A convergence completed. */
  report: [Report];
  /** A convergence failed because the server cannot be used; it is retried after `retryIn` milliseconds. */
  failed: [{ readonly error: CfluxError; readonly failures: number; readonly retryIn: number }];
  /**
   * The server that `InfluxMirror.watch` pings is not available any more, or was not at the start: it does not respond within two
   * seconds, responds with a status of 5xx, or is not InfluxDB 1.x.
   */
  serverDown: [{ readonly error: CfluxError }];
  /** The server is available again. */
  serverUp: [];
}

// An object, so that the type checker requires every name.
const names: Readonly<Record<keyof InfluxMirrorEvents, true>> = {
  step: true,
  report: true,
  failed: true,
  serverDown: true,
  serverUp: true,
};

export const mirrorEventNames = Object.keys(names) as readonly (keyof InfluxMirrorEvents)[];
