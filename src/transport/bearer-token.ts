import { CfluxError } from '../errors.js';

/**
 * A token, or a function that gives the one to use. The function is asked before every request, so it should remember; after a
 * 401 it is asked once more with `refused` (the token that was not accepted), and the request is made again if it gives another.
 */
export type BearerToken = string | ((refused?: string) => string | Promise<string>);

/** The token for the next request. Its text never shows in an error. */
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
  // What a header may carry (RFC 6750 allows less); fetch would put the whole token into its complaint.
  if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new CfluxError('INVALID_OPTION', 'token: blank, or with characters that a header cannot carry', {
    outcome: 'notApplied',
  });
}
