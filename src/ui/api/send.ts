import { problemType } from '../../protocol/problem.js';
import { ApiError } from './api-error.js';

/** Where requests go, and with which token: the page passes it to its worker. */
export interface Access {
  /** URL of the API, with a slash at its end. */
  readonly base: string;
  readonly token?: string | undefined;
}

export interface SendOptions {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  /** Milliseconds for the whole request. Default: 15,000. */
  readonly timeout?: number;
  readonly signal?: AbortSignal | undefined;
  /** Other statuses than 2xx that are returned, not thrown. */
  readonly expected?: readonly number[];
}

/** Sends one request of the API. @throws ApiError */
export async function send(
  { base, token }: Access,
  path: string,
  options: SendOptions = {},
): Promise<Response> {
  const { method = 'GET', headers = {}, body, timeout = 15_000, signal, expected = [] } = options;
  const limit = AbortSignal.timeout(timeout);
  let response: Response;
  try {
    response = await fetch(new URL(path.replace(/^\//, ''), base), {
      method,
      headers: {
        Accept: `application/json, ${problemType}`,
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      redirect: 'error',
      credentials: 'same-origin',
    });
  } catch {
    if (signal?.aborted) throw signal.reason;
    const reason = limit.aborted ? `no response within ${timeout / 1000} s` : 'the manager cannot be reached';
    throw new ApiError(`${method} ${path}: ${reason}`, 0, limit.aborted ? 'TIMEOUT' : 'UNREACHABLE');
  }
  if (response.ok || expected.includes(response.status)) return response;
  throw await errorOf(response);
}

async function errorOf(response: Response): Promise<ApiError> {
  const { status } = response;
  const text = await response.text().catch(() => '');
  try {
    const { detail, code } = JSON.parse(text);
    if (typeof detail === 'string' && typeof code === 'string') return new ApiError(detail, status, code);
  } catch {
    // Not the manager's: a proxy responded.
  }
  return new ApiError(
    text.trim().slice(0, 300) || `the response has status ${status}`,
    status,
    `HTTP ${status}`,
  );
}
