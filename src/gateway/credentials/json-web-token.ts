import { createHmac, timingSafeEqual } from 'node:crypto';
import { isJsonObject } from '../../json-object.js';
import { decodeSegment } from './go-base64.js';

/** The user of a valid token, or the text with which the server refuses another one. */
export type TokenVerdict =
  | { readonly name: string }
  | { readonly refusal: string; readonly isOfSignature: boolean };

const digests: ReadonlyMap<string, string> = new Map([
  ['HS256', 'sha256'],
  ['HS384', 'sha384'],
  ['HS512', 'sha512'],
]);
/** Methods that the server's library knows, but not the server. */
const otherMethods = /^(?:none|(?:RS|PS|ES)(?:256|384|512))$/;

/**
 * Verifies a JSON Web Token as the server does, with its order of checks and its texts.
 *
 * @param now Seconds since 1970.
 */
export function verifyToken(token: string, secret: string, now: number): TokenVerdict {
  try {
    return verified(token, secret, now);
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  }
}

const refused = (refusal: string, isOfSignature = false) => ({ refusal, isOfSignature });

function verified(token: string, secret: string, now: number): TokenVerdict {
  const parts = token.split('.');
  const [header = '', payload = '', signature = ''] = parts;
  if (parts.length !== 3) return refused('token contains an invalid number of segments');
  const { alg } = objectIn(header);
  const claims = objectIn(payload);
  if (typeof alg !== 'string') return refused('signing method (alg) is unspecified.');
  const digest = digests.get(alg);
  if (digest === undefined) {
    return refused(
      otherMethods.test(alg) ? `unexpected signing method: ${alg}` : 'signing method (alg) is unavailable.',
    );
  }
  const expected = createHmac(digest, secret).update(`${header}.${payload}`).digest();
  const given = decodeSegment(signature);
  // The library checks the claims first, and then lets the signature decide the text.
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    return refused('signature is invalid', true);
  return userOf(claims, now);
}

function userOf(claims: Readonly<Record<string, unknown>>, now: number): TokenVerdict {
  const { exp, iat, nbf, username } = claims;
  const isAt = (time: unknown, holds: (seconds: number) => boolean) =>
    typeof time !== 'number' || Math.trunc(time) === 0 || holds(Math.trunc(time));
  if (!isAt(nbf, (seconds) => now >= seconds)) return refused('Token is not valid yet');
  if (!isAt(iat, (seconds) => now >= seconds)) return refused('Token used before issued');
  if (!isAt(exp, (seconds) => now <= seconds)) return refused('Token is expired');
  if (typeof exp !== 'number' || exp <= 0) return refused('token expiration required');
  if (typeof username !== 'string') return refused('username in token must be a string');
  return username === '' ? refused('token must contain a username') : { name: username };
}

function objectIn(segment: string): Readonly<Record<string, unknown>> {
  const text = decodeSegment(segment).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(syntaxErrorOf(text));
  }
  if (value === null) return {};
  if (isJsonObject(value)) return value;
  throw new Error(`json: cannot unmarshal ${kindOf(value)} into Go value of type map[string]interface {}`);
}

/** Go's text, as far as the beginning of the text decides it. */
function syntaxErrorOf(text: string): string {
  const first = /[^ \t\r\n]/u.exec(text)?.[0];
  if (first === undefined || /[[{"tfn0-9-]/.test(first)) return 'unexpected end of JSON input';
  return `invalid character '${first}' looking for beginning of value`;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
