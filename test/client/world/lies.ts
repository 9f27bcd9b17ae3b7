import { CfluxError } from 'clusterflux';

/**
 * Responses of a broken or hostile manager that a client can detect. (A false refusal of a push that was stored
 * is undetectable.)
 */
export const lies = [
  'failure',
  'garbage',
  'nothing new',
  'another epoch',
  'lost everything',
  'low version',
  'another delta',
] as const;
export type Lie = (typeof lies)[number];

/** A response as it arrives; the request was executed. */
export function lieAbout(answer: unknown, lie: Lie): unknown {
  const fields = typeof answer === 'object' && answer !== null ? answer : {};
  const kind = 'kind' in fields ? fields.kind : undefined;
  const version = 'version' in fields && typeof fields.version === 'number' ? fields.version : 0;
  switch (lie) {
    case 'failure':
      throw new CfluxError('MANAGER_FAILED', 'HTTP status 500', { retryable: true, status: 500 });
    case 'garbage':
      if (kind === 'committed' || kind === 'conflict') throw new CfluxError('BAD_ANSWER', 'garbage');
      return {
        ...fields,
        kind: 'snapshot',
        version: version + 1_000,
        snapshot: Uint8Array.of(10, 200, 1, 255),
      };
    case 'nothing new':
      return kind === 'snapshot' || kind === 'delta' ? { kind: 'unchanged' } : answer;
    case 'another epoch':
      return kind === 'snapshot' || kind === 'delta' || kind === 'unchanged'
        ? { kind: 'epochMismatch', epoch: 'elsewhere', version }
        : answer;
    case 'lost everything':
      return kind === 'snapshot' || kind === 'delta' || kind === 'unchanged'
        ? { kind: 'epochMismatch', epoch: 'elsewhere', version: 0 }
        : answer;
    case 'another delta':
      // Of another version, or of nothing: a copy of a few bytes at most.
      return kind === 'delta' || (kind === 'conflict' && 'delta' in fields)
        ? { ...fields, delta: Uint8Array.of(0xd6, 0xc3, 0xc4, 0, 1, 1, 0, 6, 1, 0, 0, 1, 1, 17, 0) }
        : answer;
    case 'low version':
      return kind === 'committed' ? { ...fields, version: 1 } : answer;
  }
}
