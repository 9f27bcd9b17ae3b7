import { CfluxError } from '../errors.js';

/**
 * A token, or a function that returns the current token. The function is called before every request, so it should cache the token.
 * After a 401 it is called once more with `refused` (the token that was not accepted), and the request is retried if it returns another.
 */
export type BearerToken = string | ((refused?: string) => string | Promise<string>);

/** Returns the token for the next request. The token never appears in an error. */
export async function currentToken(source: BearerToken, refused?: string): Promise<string> {
  let token: string;
  try {
    token = typeof source === 'string' ? source : await source(refused);
  } catch (cause) {
    throw new CfluxError('UNAUTHORIZED', 'the token function failed', {
      cause,
      retryable: true,
      outcome: 'notApplied',
    });
  }
  // Characters that a header may contain (RFC 6750 allows fewer); fetch would include the whole token in its error.
  if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new CfluxError(
    'INVALID_OPTION',
    'token: empty, or with characters that an HTTP header cannot contain',
    {
      outcome: 'notApplied',
    },
  );
}
