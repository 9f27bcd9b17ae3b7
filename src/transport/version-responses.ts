import { matchesDigest } from '../protocol/content-digest.js';
import { namesVcdiff } from '../protocol/deltas.js';
import { headers } from '../protocol/headers.js';
import { parseRetryAfter } from '../protocol/retry-after.js';
import { noVersion, parseVersion } from '../protocol/version.js';
import { badResponse, type HttpResponse } from './http-response.js';
import type { EpochMismatch, Snapshot, SnapshotDelta } from './transport.js';

/** Returns the version of a response, which must not be 0. */
function versionOf(answer: HttpResponse): number {
  const version = parseVersion(answer.headers.get(headers.version));
  if (version === undefined || version === noVersion) throw badResponse('no usable Version header', answer);
  return version;
}

const header = (answer: HttpResponse, name: string) => answer.headers.get(name) ?? undefined;

/** Parses a 200 to a push. */
export function committedOf(answer: HttpResponse) {
  return {
    kind: 'committed',
    version: versionOf(answer),
    epoch: header(answer, headers.epoch),
  } as const;
}

/** Parses a 412; its version is 0 if the manager has no data. */
export function epochMismatchOf(answer: HttpResponse): EpochMismatch {
  const epoch = header(answer, headers.epoch);
  // Without an epoch, the 412 is another server's, about another precondition.
  if (!epoch) throw badResponse(`status 412 without ${headers.epoch}`, answer);
  return { kind: 'epochMismatch', epoch, version: parseVersion(header(answer, headers.version)) };
}

/** Parses a response without newer metadata, or with only the node's own push. `now`: milliseconds since 1970. */
export function unchangedOf(answer: HttpResponse, now: number) {
  return {
    kind: 'unchanged',
    version: parseVersion(header(answer, headers.version)),
    epoch: header(answer, headers.epoch),
    mutation: header(answer, headers.lastMutation),
    retryAfter: parseRetryAfter(header(answer, headers.retryAfter), now),
  } as const;
}

/** Parses the snapshot of a response; a truncated or changed one is refused. */
export function snapshotOf(answer: HttpResponse): Snapshot {
  const { body } = answer;
  const version = versionOf(answer);
  if (body.byteLength === 0) throw badResponse('an empty snapshot', answer);
  const digest = header(answer, headers.contentDigest) ?? header(answer, 'digest');
  const matches = digest === undefined ? undefined : matchesDigest(digest, body);
  if (matches === false) throw badResponse('a snapshot that does not match its digest', answer);
  // fetch treats a body that ends with its connection as complete, even if it was truncated.
  const isFramed = answer.headers.has('content-length') || answer.headers.has('transfer-encoding');
  if (matches === undefined && !isFramed) throw badResponse('a snapshot of unknown length', answer);
  return {
    version,
    snapshot: body,
    epoch: header(answer, headers.epoch),
    mutation: header(answer, headers.lastMutation),
  };
}

/** Returns whether the body of a response is a delta, in whatever format. */
export const isDelta = ({ headers: received }: HttpResponse): boolean =>
  received.has(headers.delta) || received.has(headers.deltaBase);

/**
 * Parses the delta of a response. The client checks everything about it: one that is not in VCDIFF, or not from the version with the tag
 * `base`, is passed on without a digest, so that it is not used.
 */
export function deltaOf(answer: HttpResponse, base: string): SnapshotDelta {
  const isFromBase = answer.headers.get(headers.deltaBase) === base;
  const isUsable = isFromBase && namesVcdiff(answer.headers.get(headers.delta));
  return {
    version: versionOf(answer),
    delta: answer.body,
    digest: isUsable ? header(answer, headers.resultDigest) : undefined,
    epoch: header(answer, headers.epoch),
    mutation: header(answer, headers.lastMutation),
  };
}
