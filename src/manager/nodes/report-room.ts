import { CfluxError } from '../../errors.js';

/** Maximum size of all reports of one cluster, in bytes. */
const maxReportBytesOfCluster = 8 * 1024 * 1024;

/** @throws `TOO_MANY_REQUESTS` if this report would exceed the limit of the cluster */
export function checkReportRoom(others: number, report: number): void {
  if (others + report <= maxReportBytesOfCluster) return;
  throw new CfluxError(
    'TOO_MANY_REQUESTS',
    `report refused: the limit of ${maxReportBytesOfCluster} bytes for the reports of a cluster is reached; remove unused nodes`,
    { outcome: 'notApplied', retryable: true, retryAfter: 60_000 },
  );
}
