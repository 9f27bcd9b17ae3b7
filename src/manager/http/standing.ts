import { headers } from '../../protocol/headers.js';

/** Where a cluster stands, as headers. */
export interface Standing {
  readonly epoch?: string | undefined;
  readonly version?: number | undefined;
  readonly mutation?: string | undefined;
}

export function standingHeaders({ epoch, version, mutation }: Standing): Record<string, string> {
  return {
    ...(version === undefined ? {} : { [headers.version]: String(version) }),
    ...(epoch === undefined ? {} : { [headers.epoch]: epoch }),
    ...(mutation === undefined ? {} : { [headers.lastMutation]: mutation }),
  };
}
