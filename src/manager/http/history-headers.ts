import { vcdiffType } from '../../protocol/deltas.js';
import { headers } from '../../protocol/headers.js';

/** The current state of a cluster's history, as response headers. */
export interface HistoryHeaders {
  readonly epoch?: string | undefined;
  readonly version?: number | undefined;
  readonly mutation?: string | undefined;
  /** Milliseconds. */
  readonly retryAfter?: number | undefined;
  /** The response is about pushes and polls: the client may push deltas. */
  readonly acceptsPatch?: boolean | undefined;
}

export function standingHeaders({
  epoch,
  version,
  mutation,
  retryAfter,
  acceptsPatch = epoch !== undefined,
}: HistoryHeaders): Record<string, string> {
  return {
    ...(version === undefined ? {} : { [headers.version]: String(version) }),
    ...(epoch === undefined ? {} : { [headers.epoch]: epoch }),
    ...(mutation === undefined ? {} : { [headers.lastMutation]: mutation }),
    ...(retryAfter === undefined ? {} : { [headers.retryAfter]: String(Math.ceil(retryAfter / 1000)) }),
    ...(acceptsPatch ? { [headers.acceptPatch]: vcdiffType } : {}),
  };
}
