import { CfluxError } from '../errors.js';
import { headers } from '../protocol/headers.js';
import { errorOfStatus } from '../protocol/http-status.js';
import { parseRetryAfter } from '../protocol/retry-after.js';

/** An answer read to its end, its body decompressed. */
export interface HttpAnswer {
  readonly endpoint: string;
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** No manager answers like this: the attempt failed. */
export const badAnswer = (why: string, { status }: HttpAnswer) =>
  new CfluxError('BAD_ANSWER', why, { retryable: true, status });

export const textOf = (answer: HttpAnswer) => new TextDecoder().decode(answer.body);

/** A page of a proxy or of another program, whatever its status says. */
const isPage = (answer: HttpAnswer) => /^\s*text\/html/i.test(answer.headers.get('content-type') ?? '');

/** `answer` if it is a manager's own with one of `statuses`; throws what it stands for if not. `now`: milliseconds since 1970. */
export function expectStatus(answer: HttpAnswer, now: number, ...statuses: readonly number[]): HttpAnswer {
  const { status } = answer;
  if (statuses.includes(status)) {
    if (isPage(answer)) throw badAnswer('a web page instead of an answer', answer);
    return answer;
  }
  // A success of another kind answers another question.
  if (status < 400) throw badAnswer(`unexpected status ${status}`, answer);
  const retryAfter = parseRetryAfter(answer.headers.get(headers.retryAfter), now);
  throw errorOfStatus(status, isPage(answer) ? '' : textOf(answer), {
    outcome: answer.headers.get(headers.outcome) === 'refused' ? 'notApplied' : 'unknown',
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}
