import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createManagerServer, Manager, MemoryStore } from 'clusterflux/manager';
import { ManualClock } from 'clusterflux/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../meta/support/temporary-directory.js';

const entry = (name: string, scope: string, more = '') =>
  `[[token]]\nname = "${name}"\ntoken = "${name}-token-0123456"\nscopes = ["${scope}"]\n${more}`;
const root = entry('root', 'admin');

/** A manager whose token file holds `text`; its clock stands still until it is advanced. */
async function serve(text: string) {
  const file = join(await temporaryDirectory(), 'tokens.toml');
  await writeFile(file, text);
  const errors: string[] = [];
  const clock = new ManualClock();
  const manager = new Manager({ store: new MemoryStore(), clock });
  onTestFinished(() => manager.close());
  const onError = ({ message }: Error) => errors.push(message);
  const server = await createManagerServer(manager, { port: 0, tokens: file, onError });
  onTestFinished(() => server.close());
  const ask = async (method: string, path: string, name: string, body: string | null = null) => {
    const headers = { authorization: `Bearer ${name}-token-0123456`, prefer: 'wait=250' };
    const answer = await fetch(`${server.url}${path}`, { method, body, headers });
    return { status: answer.status, text: await answer.text(), version: answer.headers.get('version') };
  };
  return {
    file,
    errors,
    manager,
    ask,
    /** Resolves when the poll is held; `answer` when it ends. */
    hold: async (name: string, version: string | null) => {
      const before = manager.heldPolls;
      const answer = ask('GET', `/clusters/c/versions/${version}`, name);
      await expect.poll(() => manager.heldPolls).toBe(before + 1);
      return { answer };
    },
    /** What the file holds from now on, as far as the manager has noticed. */
    async change(text: string) {
      await writeFile(`${file}.new`, text);
      await rename(`${file}.new`, file);
      await clock.advance(1_000);
    },
    pass: (ms: number) => clock.advance(ms),
    ready: async () => (await fetch(`${server.url}/ready`)).status,
  };
}

describe('the token of a held poll', () => {
  it.each([
    ['is taken away', root, 401],
    ['is replaced', root + entry('other', 'metadata'), 401],
    ['may no longer read snapshots', root + entry('left', 'read'), 403],
    ['is restricted to another cluster', root + entry('left', 'metadata', 'cluster = "d"\n'), 403],
    ['is in a file without a token', '# nobody\n', 401],
    ['is in an empty file', '', 401],
  ])('R24: %s: the poll ends, though no other request comes', async (_, text, status) => {
    const { ask, hold, change } = await serve(root + entry('left', 'metadata'));
    const { version } = await ask('POST', '/clusters/c/versions/0', 'root', 'one');
    const { answer } = await hold('left', version);
    await change(text);
    const ended = await answer;
    expect(ended.status).toBe(status);
    expect(ended.text).not.toContain('one');
  });

  it('R24: stays valid: the poll continues through a rotation of others, and gets the next version', async () => {
    const { ask, hold, change } = await serve(root + entry('stays', 'metadata') + entry('left', 'metadata'));
    const { version } = await ask('POST', '/clusters/c/versions/0', 'root', 'one');
    // One after the other: each is recognized by the number that is held.
    const { answer: stays } = await hold('stays', version);
    const { answer: left } = await hold('left', version);
    await change(`# rotated\n${root}${entry('stays', 'node')}`);
    expect((await left).status).toBe(401);
    await ask('POST', `/clusters/c/versions/${version}`, 'root', 'two');
    expect(await stays).toMatchObject({ status: 200, text: 'two' });
  });
});

describe('the token file', () => {
  it('R24: without a token refuses every request, also at the start, until it has one', async () => {
    const { ask, change, ready } = await serve('');
    expect((await ask('GET', '/clusters', 'root')).status).toBe(401);
    expect(await ready()).toBe(200);
    await change(root);
    expect((await ask('GET', '/clusters', 'root')).status).toBe(200);
    await change('token = []\n');
    expect((await ask('GET', '/clusters', 'root')).status).toBe(401);
  });

  it.each([
    ['is gone', undefined],
    ['is no TOML', '[[token]]\nname = '],
    ['holds something else', '[[tokens]]\nname = "x"\n'],
  ])(
    'R24: that %s keeps the last tokens, is reported once, and /ready is red until it can be read',
    async (_, text) => {
      const { ask, change, file, ready, pass, errors } = await serve(root);
      expect(await ready()).toBe(200);
      if (text === undefined) {
        await rm(file);
        await pass(1_000);
      } else await change(text);
      expect(await ready()).toBe(503);
      expect((await ask('GET', '/clusters', 'root')).status).toBe(200);
      await pass(5_000);
      expect(await ready()).toBe(503);
      expect(errors).toHaveLength(1);
      expect(errors[0]).toContain(file);
      await change(`# back\n${root}`);
      expect(await ready()).toBe(200);
    },
  );
});
