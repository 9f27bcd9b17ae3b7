import { CfluxError } from '../errors.js';
import { printable } from '../printable.js';
import { headers } from '../protocol/headers.js';
import { errorOfStatus } from '../protocol/http-status.js';
import { parseRetryAfter } from '../protocol/retry-after.js';

/** A complete response with its decompressed body. */
export interface HttpResponse {
  readonly endpoint: string;
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** The error for a response that is not a manager's: the attempt failed. */
export const badResponse = (why: string, { status }: HttpResponse) =>
  new CfluxError('BAD_ANSWER', why, { retryable: true, status });

export const textOf = (answer: HttpResponse) => new TextDecoder().decode(answer.body);

/** Returns whether the response is a web page of a proxy or another program, whatever its status. */
const isPage = (answer: HttpResponse) => /^\s*text\/html/i.test(answer.headers.get('content-type') ?? '');

/** Statuses of a server that does not know the request. */
const misunderstood: ReadonlySet<number> = new Set([400, 404, 405, 501]);

/** Describes a response that is certainly not a manager's. */
function otherProgram(answer: HttpResponse): string | undefined {
  const version = answer.headers.get('x-influxdb-version');
  if (version !== null) return `a response of InfluxDB ${printable(version.slice(0, 40))}`;
  return isPage(answer) ? 'a web page' : undefined;
}

/** Returns `answer` if it is a manager's with one of `statuses`; otherwise throws its error. `now`: milliseconds since 1970. */
export function expectStatus(
  answer: HttpResponse,
  now: number,
  ...statuses: readonly number[]
): HttpResponse {
  const { status } = answer;
  if (statuses.includes(status)) {
    const program = otherProgram(answer);
    if (program !== undefined) throw badResponse(`${program} instead of a response of a manager`, answer);
    return answer;
  }
  // Another 2xx or 3xx status is not a response to this request.
  if (status < 400) throw badResponse(`unexpected status ${status}`, answer);
  const program = otherProgram(answer);
  if (program !== undefined && misunderstood.has(status))
    throw badResponse(`${program} instead of a response of a manager`, answer);
  const retryAfter = parseRetryAfter(answer.headers.get(headers.retryAfter), now);
  throw errorOfStatus(status, isPage(answer) ? '' : textOf(answer), {
    outcome: answer.headers.get(headers.outcome) === 'refused' ? 'notApplied' : 'unknown',
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}
