import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Credentials, readCredentials } from '../../src/gateway/credentials/credentials.js';
import { decodeSegment } from '../../src/gateway/credentials/go-base64.js';
import { verifyToken } from '../../src/gateway/credentials/json-web-token.js';
import { KnownPasswords } from '../../src/gateway/credentials/known-passwords.js';
import { LoginLimiter } from '../../src/gateway/credentials/login-limiter.js';
import { withoutParameters } from '../../src/gateway/request/target.js';
import { ManualClock } from '../../src/testing/index.js';

const encoded = (text: string) => Buffer.from(text).toString('base64');
const login = (name: string, password: string) => ({ kind: 'password', name, password });

describe('R32: credentials are read as the server reads them', () => {
  it.each<
    [search: string, authorization: string | undefined, version: string, expected: Credentials | object]
  >([
    ['', undefined, '1.8.10', { kind: 'none' }],
    ['q=x', '', '1.8.10', { kind: 'unreadable' }],
    ['u=a&p=b', `Basic ${encoded('c:d')}`, '1.8.10', login('a', 'b')],
    ['%75=a%20b&p=%C3%A9', undefined, '1.8.10', login('a b', 'é')],
    ['u=a&u=c&p=b', undefined, '1.8.10', login('a', 'b')],
    ['u=a', `Basic ${encoded('c:d')}`, '1.8.10', login('c', 'd')],
    ['u=a&p=', `Basic ${encoded('c:d')}`, '1.8.10', login('c', 'd')],
    ['u=a&p=%zz', `Basic ${encoded('c:d')}`, '1.8.10', login('c', 'd')],
    ['u=a;p=b', undefined, '1.8.10', { kind: 'ambiguous' }],
    ['a;b&u=a&p=b', undefined, '1.8.10', login('a', 'b')],
    ['', `basic ${encoded('c:d:e')}`, '1.8.10', login('c', 'd:e')],
    ['', `BASIC ${encoded('c:')}`, '1.8.10', login('c', '')],
    ['', `Basic ${encoded(':d')}`, '1.8.10', login('', 'd')],
    ['', `Basic  ${encoded('c:d')}`, '1.8.10', { kind: 'unreadable' }],
    ['', `Basic ${encoded('c')}`, '1.8.10', { kind: 'unreadable' }],
    ['', 'Basic Yzpk=', '1.8.10', { kind: 'unreadable' }],
    ['', 'Basic YzpkZQ', '1.8.10', { kind: 'unreadable' }],
    ['', 'Basic YzpkZQ==', '1.8.10', login('c', 'de')],
    ['', 'Basic Yzp_', '1.8.10', { kind: 'unreadable' }],
    ['', 'Bearer x', '1.8.10', { kind: 'token', token: 'x' }],
    ['', 'Bearer ', '1.8.10', { kind: 'token', token: '' }],
    ['', 'bearer x', '1.8.10', { kind: 'unreadable' }],
    ['', 'Bearer  x', '1.8.10', { kind: 'unreadable' }],
    ['', 'Token c:d:e', '1.8.10', login('c', 'd:e')],
    ['', 'Token c', '1.8.10', { kind: 'unreadable' }],
    ['', 'Token c:d', '1.6.7~rc0', { kind: 'unreadable' }],
    ['', 'Digest x', '1.8.10', { kind: 'unreadable' }],
  ])('%j, %j at %s', (search, authorization, version, expected) => {
    const headers = authorization === undefined ? {} : { authorization };
    expect(readCredentials(headers, search, version)).toEqual(expected);
  });

  it('a header that Connection names is not passed on, and so not read', () => {
    const headers = { authorization: `Basic ${encoded('c:d')}`, connection: 'close, Authorization' };
    expect(readCredentials(headers, '', '1.8.10')).toEqual({ kind: 'none' });
  });

  it('wrong credentials can be taken out of a target, however they are escaped', () => {
    expect(withoutParameters('/ping?%75=a&x=%u&p=b&up=c', ['u', 'p'])).toBe('/ping?x=%u&up=c');
    expect(withoutParameters('/ping', ['u', 'p'])).toBe('/ping');
  });
});

const part = (value: object | string) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

function tokenOf(claims: object, { alg = 'HS256', secret = 's' } = {}): string {
  const content = `${part({ alg, typ: 'JWT' })}.${part(claims)}`;
  const digest = `sha${alg.slice(2)}`;
  const sign = () => createHmac(digest, secret).update(content).digest('base64url');
  return `${content}.${/^HS\d+$/.test(alg) ? sign() : part('x')}`;
}

describe('R32: tokens are verified as by the server, with its texts', () => {
  const now = 1_000_000;
  const claims = { username: 'a', exp: now + 60 };

  it.each<[text: string, token: string]>([
    ['signature is invalid', tokenOf(claims, { secret: 'other' })],
    ['signature is invalid', tokenOf({ ...claims, exp: now - 1 }, { secret: 'other' })],
    ['Token is expired', tokenOf({ ...claims, exp: now - 1 })],
    ['Token is not valid yet', tokenOf({ ...claims, exp: now - 1, nbf: now + 1, iat: now + 1 })],
    ['Token used before issued', tokenOf({ ...claims, exp: now - 1, iat: now + 1 })],
    ['token expiration required', tokenOf({ username: 'a' })],
    ['token expiration required', tokenOf({ username: 'a', exp: 0 })],
    ['token expiration required', tokenOf({ username: 'a', exp: `${now + 60}` })],
    ['username in token must be a string', tokenOf({ exp: now + 60 })],
    ['username in token must be a string', tokenOf({ username: 1, exp: now + 60 })],
    ['token must contain a username', tokenOf({ username: '', exp: now + 60 })],
    ['unexpected signing method: none', tokenOf(claims, { alg: 'none' })],
    ['unexpected signing method: ES512', tokenOf(claims, { alg: 'ES512' })],
    ['signing method (alg) is unavailable.', tokenOf(claims, { alg: 'hs256x' })],
    ['signing method (alg) is unspecified.', `${part({})}.${part(claims)}.x`],
    ['token contains an invalid number of segments', 'a.b'],
    ['token contains an invalid number of segments', ''],
    ['illegal base64 data at input byte 1', 'a.b.c'],
    ['illegal base64 data at input byte 2', `${part({ alg: 'HS256' })}.ab!.c`],
    ["invalid character 'x' looking for beginning of value", `${part('x')}.${part(claims)}.x`],
    ['illegal base64 data at input byte 1', `${part({ alg: 'HS256' })}.${part(claims)}.c`],
  ])('%s', (refusal, token) => {
    expect(verifyToken(token, 's', now)).toMatchObject({ refusal });
  });

  it.each(['HS256', 'HS384', 'HS512'])('a valid one of %s names its user', (alg) => {
    expect(verifyToken(tokenOf({ ...claims, nbf: now, iat: now }, { alg }), 's', now)).toEqual({ name: 'a' });
  });

  it('the padding of a part may be there', () => {
    expect(decodeSegment('YWI=').toString()).toBe('ab');
    expect(decodeSegment('YWI').toString()).toBe('ab');
    expect(() => decodeSegment('YQ=x')).toThrow('illegal base64 data at input byte 3');
  });
});

describe('failed logins', () => {
  it('R32: are limited for one user and address, and soon permitted again; others are not locked out', async () => {
    const clock = new ManualClock();
    const limiter = new LoginLimiter(clock);
    const take = (count: number, name = 'a', address = '10.0.0.1') =>
      Array.from({ length: count }, () => limiter.take(name, address)).filter(Boolean).length;
    expect(take(100)).toBe(5);
    expect([take(2, 'b'), take(2, 'a', '10.0.0.2')]).toEqual([2, 2]);
    await clock.advance(1_000);
    expect(take(100)).toBe(1);
    await clock.advance(60_000);
    expect(take(100)).toBe(5);
  });

  it('R32: a right password costs nothing of the limit', () => {
    const limiter = new LoginLimiter(new ManualClock());
    for (let count = 0; count < 20; count += 1) {
      expect(limiter.take('a', '10.0.0.1')).toBe(true);
      limiter.giveBack('a', '10.0.0.1');
    }
  });

  it('R32: an IPv6 network counts as one address, and an IPv4 address is the same in either form', () => {
    const limiter = new LoginLimiter(new ManualClock());
    for (let count = 1; count <= 5; count += 1) limiter.take('a', `2001:db8::${count}`);
    expect(limiter.take('a', '2001:db8:0:0:1::1')).toBe(false);
    expect(limiter.take('a', '2001:db8:0:1::1')).toBe(true);
    for (let count = 0; count < 5; count += 1) limiter.take('a', '::ffff:10.0.0.1');
    expect(limiter.take('a', '10.0.0.1')).toBe(false);
  });
});

describe('R33: known passwords', () => {
  it('belong to a hash, and are forgotten with it', () => {
    const known = new KnownPasswords();
    known.note('h1', 'right', true);
    for (let wrong = 1; wrong <= 17; wrong += 1) known.note('h1', String(wrong), false);
    expect(['right', '1', '2', '17', '18'].map((password) => known.isRight('h1', password))).toEqual([
      true,
      undefined,
      false,
      false,
      undefined,
    ]);
    expect(known.isRight('h2', 'right')).toBeUndefined();
    known.keep(new Set(['h2']));
    expect(known.isRight('h1', 'right')).toBeUndefined();
  });
});
