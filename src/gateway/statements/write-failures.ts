import { CfluxError } from '../../errors.js';

/** How far a statement has come. */
export type Progress = 'waiting' | 'deciding' | 'made';

/** The text of a statement that waited too long for its turn. */
export const tooLate =
  'cannot change the cluster: earlier statements took too long; nothing was changed, retry';

/** The error of a manager that was asked and does not respond. */
export const undecided = () =>
  new CfluxError('UNKNOWN_OUTCOME', 'the manager did not respond in time', { outcome: 'unknown' });

const unknown = (reason: string) =>
  `the outcome is unknown: ${reason}; the cluster may have been changed or not: look before you retry`;

/** Returns the text for a change that the cluster has and the server does not. */
export const notHere = (reason: string) =>
  `the change was made on the cluster, but is not on this server yet: ${reason}; do not repeat it`;

/** Returns the text of a statement that was not over within `limit` milliseconds. */
export function textWhenLate(progress: Progress, limit: number): string {
  if (progress === 'waiting') return tooLate;
  if (progress === 'deciding') return unknown('the manager did not respond in time');
  return notHere(`the server did not respond within ${limit} ms`);
}

/** Returns the text of a change that the cluster did not accept, or may not have accepted. */
export function textOf(error: CfluxError): string {
  if (error.outcome === 'unknown' || error.code === 'UNKNOWN_OUTCOME') return unknown(error.message);
  return `cannot change the cluster: ${error.message}; nothing was changed, retry when the manager is available`;
}
