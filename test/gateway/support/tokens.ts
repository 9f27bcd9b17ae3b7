import { createHmac } from 'node:crypto';

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JSON Web Token; with a method other than HMAC its signature is not valid. */
export function tokenOf(claims: object, secret: string, alg = 'HS256'): string {
  const content = `${part({ alg, typ: 'JWT' })}.${part(claims)}`;
  if (!/^HS\d+$/.test(alg)) return `${content}.${part({})}`;
  return `${content}.${createHmac(`sha${alg.slice(2)}`, secret)
    .update(content)
    .digest('base64url')}`;
}

/** Seconds since 1970. */
export const seconds = (): number => Math.floor(Date.now() / 1_000);
