import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from 'clusterflux';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cflux } from '../support/fake-terminal.js';

const secret = 'correct-horse-battery-staple';
const mark = '\ufeff';

async function fileWith(content: string | Buffer): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-secret-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, 'secret');
  await writeFile(file, content);
  return file;
}

/** Commands with a file that holds one secret. */
const lone: readonly (readonly [string, readonly string[]])[] = [
  [
    '--password-file',
    [
      'agent',
      '--data',
      '/nowhere',
      '--influxdb',
      'http://127.0.0.1:1',
      '--username',
      'a',
      '--listen',
      '127.0.0.1:0',
    ],
  ],
  ['--token-file', ['status', '--endpoint', 'http://127.0.0.1:1']],
  ['--etcd-password-file', ['manager', '--etcd', 'http://127.0.0.1:1', '--etcd-user', 'a']],
];

/** Commands with a file that holds secrets in another form. */
const others: readonly (readonly [string, readonly string[]])[] = [
  [
    '--passwords',
    ['agent', '--data', '/nowhere', '--influxdb', 'http://127.0.0.1:1', '--listen', '127.0.0.1:0'],
  ],
  ['--tokens', ['manager', '--memory', '--listen', '127.0.0.1:0']],
  ['--key', ['status', '--endpoint', 'https://127.0.0.1:1']],
  ['--tls-key', ['manager', '--memory', '--listen', '127.0.0.1:0', '--tls-cert', '/dev/null']],
  ['--etcd-key', ['manager', '--etcd', 'https://127.0.0.1:1', '--etcd-cert', '/dev/null']],
];

const noMark = 'the file starts with a byte order mark (BOM); save it as UTF-8 without one';

describe('a file that holds a secret', () => {
  it.each([...lone, ...others])('of %s is refused with a byte order mark', async (flag, args) => {
    for (const content of [
      `${mark}${secret}\n`,
      Buffer.from(`${mark}${secret}`, 'utf16le'),
      Buffer.from(`${mark}${secret}`, 'utf16le').swap16(),
    ]) {
      const file = await fileWith(content);
      const { code, err } = await cflux([...args, flag, file]);
      expect([code, err]).toEqual([2, expect.stringContaining(`${file}: ${noMark}`)]);
      expect(err).not.toContain(secret);
    }
  });

  it.each(lone)(
    'of %s is refused with a second line end, empty, or in another encoding',
    async (flag, args) => {
      const oneLine = 'the file has more than one line end; write the secret alone, on one line';
      for (const [content, reason] of [
        [`${secret}\n\n`, oneLine],
        [`${secret}\r\n\r\n`, oneLine],
        [`${secret}\n\r\n`, oneLine],
        [`${secret}\r`, oneLine],
        [`\n${secret}`, oneLine],
        [`${secret}\n# a comment\n`, oneLine],
        ['', 'the file is empty; write the secret into it, on one line'],
        ['\n', 'the file is empty; write the secret into it, on one line'],
        [Buffer.from([0x70, 0xe9, 0x0a]), 'the file is not UTF-8; save it as UTF-8'],
      ] as const) {
        const file = await fileWith(content);
        const { code, err } = await cflux([...args, flag, file]);
        expect([code, err]).toEqual([2, expect.stringContaining(`${flag}: ${file}: ${reason}`)]);
        expect(err).not.toContain(secret);
      }
    },
  );

  it.each(['', '\n', '\r\n'])('is taken with the line end %j', async (end) => {
    const file = await fileWith(`${secret}${end}`);
    // The command gets as far as the manager, which is away.
    expect(
      (await cflux(['status', '--endpoint', 'http://127.0.0.1:1', '--token-file', file])).err,
    ).not.toContain(file);
  });

  it('is named if it is the configuration', async () => {
    const file = await fileWith(`${mark}[clusterflux]\ntoken = "${secret}"\n`);
    expect(() => loadConfig({ file, env: {} })).toThrowError(`${file}: ${noMark}`);
  });
});
