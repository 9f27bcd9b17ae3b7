import { CfluxError } from '../../errors.js';

/** The wrapped clients of all sessions that are open. */
const inUse = new WeakSet<object>();

/**
 * Reserves `meta` for one session, because two would change it at the same time (R1). Returns the function that releases it.
 *
 * @throws CfluxError `INVALID_OPTION` if another session has it
 */
export function reserveMetaClient(meta: object): () => void {
  if (inUse.has(meta)) {
    throw new CfluxError(
      'INVALID_OPTION',
      'meta of CfluxClient: another CfluxClient that is open wraps the same meta client; create one for each, or close the other client first',
      { outcome: 'notApplied' },
    );
  }
  inUse.add(meta);
  return () => inUse.delete(meta);
}
