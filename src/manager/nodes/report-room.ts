import { CfluxError } from '../../errors.js';

/** Bytes of the reports that are kept of one cluster, together. */
const maxReportBytesOfCluster = 8 * 1024 * 1024;

/** @throws `TOO_MANY_REQUESTS`: with this report the cluster's would be too many bytes */
export function checkReportRoom(others: number, report: number): void {
  if (others + report <= maxReportBytesOfCluster) return;
  throw new CfluxError(
    'TOO_MANY_REQUESTS',
    `the report is not kept: those of this cluster take ${maxReportBytesOfCluster} bytes; remove nodes that are gone`,
    { outcome: 'notApplied', retryable: true, retryAfter: 60_000 },
  );
}
