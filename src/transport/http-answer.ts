import { CfluxError } from '../errors.js';
import { matchesDigest } from '../protocol/content-digest.js';
import { headers } from '../protocol/headers.js';
import { errorOfStatus } from '../protocol/http-status.js';
import { parseRetryAfter } from '../protocol/retry-after.js';
import { noVersion, parseVersion } from '../protocol/version.js';
import type { Snapshot } from './transport.js';

/** An answer read to its end, its body decompressed. */
export interface HttpAnswer {
  readonly endpoint: string;
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

const badAnswer = (why: string, status: number) =>
  new CfluxError('BAD_ANSWER', why, { retryable: true, status });

export const textOf = (answer: HttpAnswer) => new TextDecoder().decode(answer.body);

/** A page of a proxy or of another program, whatever its status says. */
const isPage = (answer: HttpAnswer) => /^\s*text\/html/i.test(answer.headers.get('content-type') ?? '');

/** `answer` if it is a manager's success with one of `statuses`; throws what it stands for if not. `now`: milliseconds since 1970. */
export function expectStatus(answer: HttpAnswer, now: number, ...statuses: readonly number[]): HttpAnswer {
  const { status } = answer;
  if (statuses.includes(status)) {
    if (isPage(answer)) throw badAnswer('a web page instead of an answer', status);
    return answer;
  }
  // A success of another kind answers another question.
  if (status < 400) throw badAnswer(`unexpected status ${status}`, status);
  const retryAfter = parseRetryAfter(answer.headers.get(headers.retryAfter), now);
  throw errorOfStatus(status, isPage(answer) ? '' : textOf(answer), {
    outcome: answer.headers.get(headers.outcome) === 'refused' ? 'none' : 'unknown',
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}

/** The live version that the answer names. */
export function versionOf(answer: HttpAnswer): number {
  const version = parseVersion(answer.headers.get(headers.version));
  if (version === undefined || version === noVersion)
    throw badAnswer('no usable Version header', answer.status);
  return version;
}

/** The epoch that the answer names, where it must. */
export function epochOf(answer: HttpAnswer): string {
  const epoch = answer.headers.get(headers.epoch);
  if (!epoch) throw badAnswer(`status ${answer.status} without ${headers.epoch}`, answer.status);
  return epoch;
}

/** The snapshot that the answer carries, whole: what was cut off or is not a manager's is refused. */
export function snapshotOf(answer: HttpAnswer): Snapshot {
  const { body, status } = answer;
  const version = versionOf(answer);
  if (isPage(answer)) throw badAnswer('a web page instead of a snapshot', status);
  if (body.byteLength === 0) throw badAnswer('a snapshot without a byte', status);
  const digest = answer.headers.get(headers.contentDigest) ?? answer.headers.get('digest');
  const matches = digest === null ? undefined : matchesDigest(digest, body);
  if (matches === false) throw badAnswer('a snapshot that does not match its digest', status);
  // fetch takes a body that ends with its connection for whole, however short it was cut.
  const isFramed = answer.headers.has('content-length') || answer.headers.has('transfer-encoding');
  if (matches === undefined && !isFramed) throw badAnswer('a snapshot of unknown length', status);
  return {
    version,
    snapshot: body,
    epoch: answer.headers.get(headers.epoch) ?? undefined,
    mutation: answer.headers.get(headers.lastMutation) ?? undefined,
  };
}
