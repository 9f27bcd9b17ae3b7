import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const run = promisify(execFile);
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
const newKeyOf = { ec: newKey, rsa: ['-newkey', 'rsa:2048', '-nodes'] };

export interface Issued {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority of one test. */
export class Authority {
  readonly #dir: string;
  #issued = 0;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  static async create(name: string): Promise<Authority> {
    const dir = temporaryDirectory();
    const files = ['-keyout', join(dir, 'ca-key.pem'), '-out', join(dir, 'ca.pem')];
    await run('openssl', ['req', '-x509', ...newKey, '-days', '3650', '-subj', `/CN=${name}`, ...files]);
    return new Authority(dir);
  }

  get ca(): string {
    return readFileSync(join(this.#dir, 'ca.pem'), 'utf8');
  }

  /** A certificate of `localhost`, 127.0.0.1 and `name`, for servers and clients. */
  async issue(name: string, days = 365, kind: 'ec' | 'rsa' = 'ec'): Promise<Issued> {
    this.#issued += 1;
    const number = this.#issued;
    const at = (end: string) => join(this.#dir, `${number}.${end}`);
    writeFileSync(at('ext'), `subjectAltName=DNS:localhost,DNS:${name},IP:127.0.0.1`);
    await run('openssl', [
      'req',
      ...newKeyOf[kind],
      '-subj',
      `/CN=${name}`,
      '-keyout',
      at('key'),
      '-out',
      at('csr'),
    ]);
    const signer = ['-CA', join(this.#dir, 'ca.pem'), '-CAkey', join(this.#dir, 'ca-key.pem')];
    const files = ['-in', at('csr'), '-extfile', at('ext'), '-out', at('pem')];
    await run('openssl', ['x509', '-req', ...signer, '-CAcreateserial', '-days', String(days), ...files]);
    return { cert: readFileSync(at('pem'), 'utf8'), key: readFileSync(at('key'), 'utf8') };
  }
}

export function temporaryDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'cflux-tls-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A file that is replaced in one step. */
export class ReplacedFile {
  readonly path: string;

  constructor(dir: string, name: string, content: string) {
    this.path = join(dir, name);
    this.write(content);
  }

  readonly read = (): Buffer => readFileSync(this.path);

  write(content: string): void {
    writeFileSync(`${this.path}.new`, content);
    renameSync(`${this.path}.new`, this.path);
  }
}
