import { CfluxError, type Outcome } from '../errors.js';

export function closedError(): CfluxError {
  return new CfluxError('CLOSED', 'the client is closed', { outcome: 'notApplied' });
}

export function notOpenError(): CfluxError {
  return new CfluxError('NOT_OPEN', 'the client is not open: call open() first', { outcome: 'notApplied' });
}

export function foreignClusterError(): CfluxError {
  const message = "the manager has another cluster's metadata: call adopt() or reseed()";
  return new CfluxError('FOREIGN_CLUSTER', message, { outcome: 'notApplied' });
}

export function noReports(): CfluxError {
  const message = 'the node is not registered yet, or its transport takes no reports';
  return new CfluxError('NO_SUCH_ROUTE', message, { outcome: 'notApplied' });
}

export function notAVersion(version: number): CfluxError {
  return new CfluxError(
    'INVALID_ARGUMENT',
    `cannot wait for version ${version}: pass a version above 0, such as status.version`,
    { outcome: 'notApplied' },
  );
}

export function selfWaitError(): CfluxError {
  const message = 'called inside a mutation: it would wait for that mutation; call it outside';
  return new CfluxError('NESTED_MUTATION', message, { outcome: 'notApplied' });
}

export function nestedError(): CfluxError {
  const message = 'a mutation inside a mutation: change the meta client that the operation gets';
  return new CfluxError('NESTED_MUTATION', message, { outcome: 'notApplied' });
}

/** The error for a history that changed between two requests; `outcome` is that of the preceding push, if any. */
export function unsettledHistoryError(outcome: Outcome): CfluxError {
  return new CfluxError('UNAVAILABLE', 'the manager is changing its history; retry', {
    retryable: true,
    outcome,
  });
}
