import { CfluxError, isCfluxError } from '../../errors.js';
import { networkFailure } from '../../transport/http-failure.js';
import { refusal, withheldRefusal } from './statement-error.js';

/** Returns the error for a response with a status other than 200. `text`: what the server says in it, if that may be shown. */
export function responseError(status: number, text: string | undefined, url: string): CfluxError {
  // A parse error concerns this statement alone.
  if (status === 400) return text === undefined ? withheldRefusal() : refusal(text);
  const said = text ?? `status ${status}`;
  const message = `InfluxDB at ${url}: ${said}`;
  if (status === 401) return new CfluxError('UNAUTHORIZED', message, { status });
  if (status === 403) return new CfluxError('FORBIDDEN', message, { status });
  if (status >= 500 || status === 429)
    return new CfluxError('UNAVAILABLE', message, { status, retryable: true });
  return new CfluxError('BAD_ANSWER', `${message}: is this the URL of an InfluxDB 1.x server?`, { status });
}

/** Converts an error of fetch to the error of a request to InfluxDB at `url`. */
export function requestFailure(error: unknown, url: string): CfluxError {
  if (!isUnreadableHttp(error)) return networkFailure(error, url, 'InfluxDB');
  return new CfluxError('BAD_ANSWER', `the response of InfluxDB at ${url} is not HTTP`, {
    cause: error,
    retryable: true,
  });
}

/**
 * InfluxDB repeats the text of a refusal in the header `X-Influxdb-Error`, with a part of the statement, including control
 * characters: a strict parser rejects such a response as invalid HTTP. Only a refusal has that header.
 */
export function refusalBehind(error: unknown): never {
  if (!isCfluxError(error, 'BAD_ANSWER') || !isUnreadableHttp(error.cause)) throw error;
  throw new CfluxError(
    'STATEMENT_REFUSED',
    'InfluxDB refused the statement, with a text that is not valid in an HTTP header',
    {
      cause: error,
      outcome: 'notApplied',
    },
  );
}

/** Returns the result of `read`. Its error omits the text of the response, which may contain a password. */
export function withoutWords<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw new CfluxError(
      'BAD_ANSWER',
      'the response to a statement with a password is not one of InfluxDB 1.x',
      {
        retryable: true,
      },
    );
  }
}

const isUnreadableHttp = (error: unknown) =>
  error instanceof Error && error.cause instanceof Error && error.cause.name === 'HTTPParserError';
