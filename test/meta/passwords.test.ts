import { readFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import bcrypt from 'bcrypt';
import { decodeMetadata, LocalMetaClient, type MetaData } from 'clusterflux';
import { describe, expect, it, vi } from 'vitest';
import { influxdbFile } from './support/influxdb-files.js';

const cheap = { bcryptCost: 4 };

/** A client with one user of this hash. */
async function clientWith(hash: string): Promise<LocalMetaClient> {
  const client = new LocalMetaClient(cheap);
  await client.createUser('u', { hash, matches: async () => false }, false);
  return client;
}

const hashOf = (client: LocalMetaClient) => client.user('u').hash;

async function accepts(client: LocalMetaClient, password: string): Promise<boolean> {
  try {
    await client.authenticate('u', password);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'AUTHENTICATION_FAILED', message: 'authentication failed' });
    return false;
  }
}

describe('hashes', () => {
  it('are bcrypt, of cost 10, as InfluxDB writes them', async () => {
    const client = new LocalMetaClient();
    await client.createUser('u', 'secret', true);
    expect(hashOf(client)).toMatch(/^\$2a\$10\$[./A-Za-z0-9]{53}$/);
    expect(await bcrypt.compare('secret', hashOf(client))).toBe(true);
    expect(await accepts(client, 'secret')).toBe(true);
    expect(await accepts(client, 'Secret')).toBe(false);
  });

  it('of users that InfluxDB made are verified', async () => {
    const { bytes, description } = influxdbFile('basic.db');
    const client = new LocalMetaClient();
    await client.setData(decodeMetadata(bytes));
    for (const [name, password] of Object.entries(description.passwords ?? {})) {
      expect((await client.authenticate(name, password)).name).toBe(name);
      await expect(client.authenticate(name, `${password}x`)).rejects.toThrowError('authentication failed');
    }
    await expect(client.authenticate('nobody', 'x')).rejects.toThrowError('user not found');
  });

  it('of every prefix are verified, and whatever follows their 60 bytes', async () => {
    const hash = await bcrypt.hash('secret', await bcrypt.genSalt(4, 'a'));
    for (const prefix of ['$2a$', '$2b$', '$2y$', '$2x$', '$2$', '$1a$']) {
      const client = await clientWith(hash.replace('$2a$', prefix));
      expect(await accepts(client, 'secret')).toBe(true);
      expect(await accepts(client, 'other')).toBe(false);
    }
    expect(await accepts(await clientWith(`${hash}and more`), 'secret')).toBe(true);
  });

  it('that are none fit no password', async () => {
    const hash = await bcrypt.hash('', 4);
    for (const wrong of [
      '',
      'x',
      hash.slice(0, 59),
      hash.replace('$2b$', '$3b$'),
      hash.replace('$04$', '$03$'),
      `x${hash}`,
    ]) {
      expect(await accepts(await clientWith(wrong), '')).toBe(false);
    }
  });
});

describe('passwords', () => {
  it.each(['', ' ', 'dävé-пароль', '\0', 'a\0b', 'x'.repeat(72), 'é'.repeat(36)])(
    '%o is one',
    async (password) => {
      const client = new LocalMetaClient(cheap);
      await client.createUser('u', password, false);
      expect(await accepts(client, password)).toBe(true);
      expect(await accepts(client, `-${password}`)).toBe(false);
    },
  );

  it('do not end at a NUL, and are repeated, as bcrypt has it', async () => {
    const client = new LocalMetaClient(cheap);
    await client.createUser('u', 'a\0b', false);
    expect(await accepts(client, 'a')).toBe(false);
    expect(await accepts(client, 'a\0b\0a\0b')).toBe(true);
    await client.updateUser('u', '');
    expect(await accepts(client, '\0')).toBe(true);
  });

  it('of more than 72 bytes are refused when they would be hashed', async () => {
    const client = new LocalMetaClient(cheap);
    const tooLong = 'x'.repeat(73);
    await client.createUser('u', tooLong.slice(1), false);
    const refusal = { code: 'PASSWORD_TOO_LONG', message: 'password length exceeds 72 bytes' };
    await expect(client.createUser('v', tooLong, false)).rejects.toMatchObject(refusal);
    await expect(client.createUser('u', tooLong, false)).rejects.toMatchObject(refusal);
    await expect(client.createUser('v', 'é'.repeat(37), false)).rejects.toMatchObject(refusal);
    await expect(client.updateUser('u', tooLong)).rejects.toMatchObject(refusal);
    await expect(client.hashPassword(tooLong)).rejects.toMatchObject(refusal);
    expect(client.userCount()).toBe(1);
    // A user that InfluxDB made of such a password must still get in: there, and here, the rest is ignored.
    expect(await accepts(client, tooLong)).toBe(true);
  });

  it('of a user that exists already: the same one is fine, another one is not', async () => {
    const client = new LocalMetaClient(cheap);
    const user = await client.createUser('u', 'p', true);
    const before = client.data();
    expect(await client.createUser('u', 'p', true)).toBe(user);
    await expect(client.createUser('u', 'q', true)).rejects.toThrowError('user already exists');
    await expect(client.createUser('u', 'p', false)).rejects.toThrowError('user already exists');
    expect(client.data()).toBe(before);
    await expect(client.createUser('', 'p', false)).rejects.toThrowError('username required');
    await expect(client.updateUser('v', 'p')).rejects.toThrowError('user not found');
  });

  it('a user that comes, goes or changes while the password is hashed is judged as he is then', async () => {
    const client = new LocalMetaClient(cheap);
    const [first, second] = await Promise.allSettled([
      client.createUser('u', 'p', false),
      client.createUser('u', 'q', false),
    ]);
    const [winner, loser] = first.status === 'fulfilled' ? [first, second] : [second, first];
    expect(winner.status).toBe('fulfilled');
    expect(loser).toMatchObject({ reason: { code: 'USER_EXISTS' } });
    const again = client.createUser('u', 'p', false);
    await client.dropUser('u');
    await again;
    expect(await accepts(client, 'p')).toBe(true);
  });

  it('that were replaced are invalid, whichever node replaced them', async () => {
    const client = new LocalMetaClient(cheap);
    await client.createUser('u', 'old', false);
    expect(await accepts(client, 'old')).toBe(true);
    const before: MetaData = client.data();
    await client.dropUser('u');
    await client.createUser('u', 'new', false);
    expect(await accepts(client, 'old')).toBe(false);
    await client.setData(before);
    expect(await accepts(client, 'old')).toBe(true);
    expect(await accepts(client, 'new')).toBe(false);
    await client.updateUser('u', 'newer');
    expect(await accepts(client, 'old')).toBe(false);
    expect(await accepts(client, 'newer')).toBe(true);
  });

  it('that were right once need no bcrypt the next time', async () => {
    const client = new LocalMetaClient(cheap);
    await client.createUser('u', 'p', false);
    const compare = vi.spyOn(bcrypt, 'compare');
    for (let i = 0; i < 5; i++) expect(await accepts(client, 'p')).toBe(true);
    expect(await accepts(client.fork(), 'p')).toBe(true);
    expect(compare).toHaveBeenCalledTimes(1);
    for (let i = 0; i < 2; i++) expect(await accepts(client, 'q')).toBe(false);
    expect(compare).toHaveBeenCalledTimes(3);
    compare.mockRestore();
  });
});

describe('a password that was hashed beforehand', () => {
  it('is hashed once and compared once for each hash, however often the change is applied', async () => {
    const hash = vi.spyOn(bcrypt, 'hash');
    const compare = vi.spyOn(bcrypt, 'compare');
    const client = new LocalMetaClient(cheap);
    const password = await client.hashPassword('secret');
    for (let i = 0; i < 5; i++) {
      const fork = client.fork();
      await fork.createUser('u', password, false);
      await fork.updateUser('u', password);
      expect(fork.user('u').hash).toBe(password.hash);
      // The same again: it is the known password of the user, so that bcrypt is not needed.
      await fork.createUser('u', password, false);
    }
    const other = await clientWith(await bcrypt.hash('secret', 4));
    for (let i = 0; i < 5; i++) await other.createUser('u', password, false);
    const stranger = await clientWith(await bcrypt.hash('else', 4));
    for (let i = 0; i < 5; i++) {
      await expect(stranger.createUser('u', password, false)).rejects.toThrowError('user already exists');
    }
    expect(hash).toHaveBeenCalledTimes(3);
    expect(compare).toHaveBeenCalledTimes(2);
    hash.mockRestore();
    compare.mockRestore();
  });

  it('does not appear in output, and its hash does not either', async () => {
    const password = await new LocalMetaClient(cheap).hashPassword('secret');
    for (const shown of [
      inspect(password, { depth: 9, showHidden: true }),
      JSON.stringify(password),
      String(password),
    ]) {
      expect(shown).not.toContain('secret');
      expect(shown).not.toContain(password.hash);
    }
  });

  it('no message contains an unknown or wrong one', async () => {
    const client = new LocalMetaClient(cheap);
    await client.createUser('u', 'hunter2', false);
    const refusals = await Promise.allSettled([
      client.authenticate('u', 'hunter3'),
      client.createUser('u', 'hunter4', false),
      client.createUser('u', 'hunter5'.repeat(20), false),
    ]);
    for (const refusal of refusals) {
      const shown = inspect(refusal, { depth: 9 });
      expect(shown).toContain('rejected');
      expect(shown).not.toContain('hunter');
      expect(shown).not.toContain('$2');
    }
  });
});

describe('a hash of a high cost', () => {
  const costly = `$2a$31$${'a'.repeat(53)}`;

  it('R24: above 14 is refused with advice, at a login and when a user is created again', async () => {
    const compare = vi.spyOn(bcrypt, 'compare');
    for (const cost of ['15', '31', '99']) {
      const client = await clientWith(costly.replace('31', cost));
      const refusal = {
        code: 'PASSWORD_HASH_TOO_COSTLY',
        message: `cannot verify the password: the user's hash has bcrypt cost ${cost}, more than 14; set a new password for this user`,
      };
      await expect(client.authenticate('u', 'p')).rejects.toMatchObject(refusal);
      await expect(client.createUser('u', 'p', false)).rejects.toMatchObject(refusal);
      await expect(client.createUser('u', await client.hashPassword('p'), false)).rejects.toMatchObject(
        refusal,
      );
      await client.updateUser('u', 'p');
      compare.mockClear();
      expect(await accepts(client, 'p')).toBe(true);
      expect(compare).toHaveBeenCalledTimes(1);
    }
    compare.mockRestore();
  });

  it('R24: is not made either', () => {
    for (const bcryptCost of [15, 31, 3, 0, 10.5, Number.NaN]) {
      expect(() => new LocalMetaClient({ bcryptCost })).toThrowError(/^bcryptCost: .* from 4 to 14$/);
    }
    expect(new LocalMetaClient({ bcryptCost: 14 }).userCount()).toBe(0);
  });

  it('R24: delays no other user, however many logins wait for it', async () => {
    const compare = vi.spyOn(bcrypt, 'compare');
    const ended: string[] = [];
    let release = () => undefined as unknown;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    // Stands for a long computation.
    compare.mockImplementation(async (_password, hash) => {
      if (String(hash).startsWith('$2a$14$')) await held;
      return true;
    });
    const slow = await clientWith(costly.replace('31', '14'));
    const logins = Array.from({ length: 100 }, (_, i) =>
      slow.authenticate('u', `p${i}`).then(() => ended.push('slow')),
    );
    const other = await clientWith(costly.replace('31', '10'));
    await other.authenticate('u', 'p');
    ended.push('other');
    await other.createUser('v', 'p', false);
    ended.push('new');
    release();
    await Promise.all(logins);
    expect(ended.slice(0, 3)).toEqual(['other', 'new', 'slow']);
    compare.mockRestore();
  });
});

describe('many logins', () => {
  it('leave threads for files: a commit does not wait for them', async () => {
    const client = new LocalMetaClient({ bcryptCost: 8 });
    await client.createUser('u', 'p', false);
    const order: string[] = [];
    const logins = Array.from({ length: 40 }, async (_, i) => {
      await accepts(client, `wrong ${i}`);
      order.push('login');
    });
    // Reading a file takes one of the threads, of which there are four.
    await readFile(new URL(import.meta.url));
    order.push('file');
    await Promise.all(logins);
    expect(order.indexOf('file')).toBeLessThan(10);
  });
});
