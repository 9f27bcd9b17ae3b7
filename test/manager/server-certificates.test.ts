import { Agent, request } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import type { CfluxError } from 'clusterflux';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Authority, ReplacedFile, temporaryDirectory } from '../support/certificates.js';
import { serve } from '../support/serve.js';

type Tls = Record<string, unknown>;

/** The subject of the certificate that a new connection is shown. */
const shownBy = (url: string, tls: Tls) =>
  new Promise<string>((resolve, reject) => {
    const socket: TLSSocket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), ...tls }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on('error', reject);
  });

const get = (url: string, tls: Tls) =>
  new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const call = request(url, { agent: false, ...tls }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode, text }));
    });
    call.on('error', reject);
    call.end();
  });

async function served({ days = 365 } = {}) {
  const authority = await Authority.create('authority');
  const first = await authority.issue('first', days);
  const dir = temporaryDirectory();
  const [cert, key] = [new ReplacedFile(dir, 'cert', first.cert), new ReplacedFile(dir, 'key', first.key)];
  const ca = new ReplacedFile(dir, 'ca', authority.ca);
  const errors: CfluxError[] = [];
  const onError = (error: CfluxError) => errors.push(error);
  return { authority, first, cert, key, ca, errors, onError };
}

const soon = { timeout: 15_000, interval: 100 };

describe('TLS certificates of a manager (R24)', () => {
  it('are reloaded without a restart', async () => {
    const { authority, cert, key, onError, errors } = await served();
    const { url } = await serve({}, { tls: { cert: cert.read, key: key.read }, onError });
    const client = { ca: authority.ca };
    expect(await shownBy(url, client)).toBe('first');
    const second = await authority.issue('second');
    key.write(second.key);
    cert.write(second.cert);
    await expect.poll(() => shownBy(url, client), soon).toBe('second');
    expect(errors.filter(({ message }) => !/key values mismatch/.test(message))).toEqual([]);
  });

  it.each([
    ['no PEM', () => 'no certificate', 'ec'],
    ['empty', () => '', 'ec'],
    ['the certificate of another key', (other: string) => other, 'ec'],
    ['the certificate of another kind of key', (other: string) => other, 'rsa'],
  ] as const)(
    'a new file that is %s is reported once, and the previous one stays in use',
    async (_, content, kind) => {
      const { authority, cert, key, onError, errors } = await served();
      const { url } = await serve({}, { tls: { cert: cert.read, key: key.read }, onError });
      const second = await authority.issue('second', 365, kind);
      cert.write(content(second.cert));
      await expect.poll(() => errors.length, soon).toBe(1);
      expect(errors[0]?.message).toMatch(
        /^cannot reload TLS certificates: .*; the previous ones stay in use$/,
      );
      expect(await shownBy(url, { ca: authority.ca })).toBe('first');
      key.write(second.key);
      cert.write(second.cert);
      await expect.poll(() => shownBy(url, { ca: authority.ca }), soon).toBe('second');
    },
  );

  it('a client authority that changed applies to open connections and resumed sessions too', async () => {
    const { authority, cert, key, ca, onError } = await served();
    const { url } = await serve({}, { tls: { cert: cert.read, key: key.read, ca: ca.read }, onError });
    const other = await Authority.create('other authority');
    const own = { ca: authority.ca, ...(await authority.issue('old client')) };
    const agent = new Agent({ keepAlive: true, ...own });
    onTestFinished(() => agent.destroy());
    expect((await get(`${url}/health`, { agent })).status).toBe(200);
    ca.write(other.ca);
    const answered = () =>
      get(`${url}/health`, { agent }).then(
        ({ status }) => status,
        () => 'refused',
      );
    await expect.poll(answered, soon).toBe('refused');
    const renewed = { ca: authority.ca, ...(await other.issue('new client')) };
    expect((await get(`${url}/health`, renewed)).status).toBe(200);
  });

  it('are shown in the metrics, and reported before they expire', async () => {
    const { authority, cert, key, onError, errors } = await served({ days: 5 });
    const { url } = await serve({}, { tls: { cert: cert.read, key: key.read }, onError });
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^TLS certificate CN=first \(cert\) expires at \S+Z, in 4 days; replace it$/),
    ]);
    const shown = async () => {
      const { text } = await get(`${url}/metrics`, { ca: authority.ca });
      const line =
        /^cflux_certificate_expiry_timestamp_seconds\{option="cert",subject="CN=(\w+)".*\} (\S+)$/m;
      const [, name, seconds = ''] = line.exec(text) ?? [];
      return { name, days: Math.round((Number(seconds) - Date.now() / 1_000) / 86_400) };
    };
    expect(await shown()).toEqual({ name: 'first', days: 5 });
    const second = await authority.issue('second', 365);
    key.write(second.key);
    cert.write(second.cert);
    await expect.poll(shown, soon).toEqual({ name: 'second', days: 365 });
  });
});
