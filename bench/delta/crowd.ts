import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as pass } from 'node:timers/promises';
import { printVcdiff } from '../../src/delta/vcdiff/print-vcdiff.js';
import { openConnections, type RawConnection } from '../manager/raw-connection.js';
import { startServer } from '../manager/server-child.js';
import type { MeasuredChild } from '../measured-child.js';

/** Bytes of the metadata. */
export const size = 500_000;

export type Kind = 'manager' | 'bare-fan-out' | 'headed-fan-out';
export type Form = 'delta' | 'snapshot';

/** Milliseconds of one change that is published to held polls. */
export interface Change {
  /** From the push to the last response. */
  readonly published: number;
  /** From the push to its acknowledgement. */
  readonly acknowledged: number;
  /** Processor time of the server. */
  readonly cpu: number;
}

/** Polls that a server holds. */
export class Crowd {
  readonly #kind: Kind;
  readonly #form: Form;
  readonly #server: MeasuredChild;
  #connections: readonly RawConnection[] = [];
  #position: Position = { version: '0', epoch: '' };
  #bytes: Buffer = randomBytes(size);
  #changes = 0;

  private constructor(kind: Kind, form: Form, server: MeasuredChild) {
    this.#kind = kind;
    this.#form = form;
    this.#server = server;
  }

  /** @param args of the server */
  static async gather(kind: Kind, form: Form, count: number, ...args: string[]): Promise<Crowd> {
    const crowd = new Crowd(kind, form, await startServer(kind, ...args));
    crowd.#position = await push(crowd.url, 'POST', crowd.#position, { body: crowd.#bytes });
    crowd.#connections = await openConnections(crowd.url, count);
    return crowd;
  }

  get url(): string {
    return this.#server.url;
  }

  /** Names and values of the headers of the last response alternate. */
  get headers(): readonly string[] {
    return this.#connections[0]?.lastHeaders ?? [];
  }

  /** Sends the polls, and publishes a change to them. @param begins is called before the push */
  async change(begins = async (): Promise<unknown> => undefined): Promise<Change> {
    const held = this.#connections.map((connection, i) =>
      connection.request(pollOf(this.#position, i, this.#form)),
    );
    await pass(held.length === 1 ? 100 : 1_500);
    const change = Buffer.from(`change ${this.#changes++}`);
    const rest = 1_000 + change.length;
    const target = Buffer.concat([this.#bytes.subarray(0, 1_000), change, this.#bytes.subarray(rest)]);
    const delta = printVcdiff({
      length: size,
      instructions: [
        { from: 0, length: 1_000 },
        { bytes: change, length: change.length },
        { from: rest, length: size - rest },
      ],
    });
    const method = this.#form === 'delta' && this.#kind === 'manager' ? 'PATCH' : 'POST';
    const body = this.#form === 'delta' ? delta : target;
    const digest = createHash('sha256').update(target).digest('base64');
    await begins();
    const before = await this.#server.usage();
    const begin = performance.now();
    const pushed = push(this.url, method, this.#position, { body, digest });
    const acknowledgement = pushed.then(() => performance.now() - begin);
    await Promise.all(held);
    const published = performance.now() - begin;
    const acknowledged = await acknowledgement;
    this.#position = await pushed;
    this.#bytes = target;
    const { cpu } = await this.#server.usage();
    return { published, acknowledged, cpu: cpu - before.cpu };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.close();
    await this.#server.stop();
  }
}

/** The version that a node has. */
export interface Position {
  readonly version: string | null;
  readonly epoch: string | null;
}

/** What a poll of our client looks like. */
export function pollOf({ version, epoch }: Position, i: number, form: Form, cluster = 'a'): string {
  const accepted = form === 'delta' ? `a-im: vcdiff\r\nif-none-match: "${epoch}/${version}"\r\n` : '';
  return (
    `GET /clusters/${cluster}/versions/${version} HTTP/1.1\r\nhost: 127.0.0.1:8000\r\nconnection: keep-alive\r\n` +
    `cflux-epoch: ${epoch}\r\ncflux-node: ${1_700_000_000_000 + i}\r\nprefer: wait=300\r\n${accepted}` +
    'accept: */*\r\naccept-language: *\r\nsec-fetch-mode: cors\r\nuser-agent: node\r\naccept-encoding: gzip, deflate\r\n\r\n'
  );
}

/** Pushes a snapshot, or with `PATCH` a delta and the digest of its result; resolves with the new version. */
export async function push(
  url: string,
  method: 'POST' | 'PATCH',
  { version, epoch }: Position,
  {
    body,
    digest = '',
    cluster = 'a',
  }: { readonly body: Buffer; readonly digest?: string; readonly cluster?: string },
): Promise<Position> {
  const headers = {
    ...(epoch ? { 'cflux-epoch': epoch } : {}),
    ...(method === 'PATCH'
      ? { 'content-type': 'application/vcdiff', 'cflux-result-digest': `sha-256=:${digest}:` }
      : {}),
  };
  const response = await fetch(`${url}/clusters/${cluster}/versions/${version}`, { method, body, headers });
  if (response.status !== 200) throw new Error(`status ${response.status} to ${method}`);
  return { version: response.headers.get('version'), epoch: response.headers.get('cflux-epoch') };
}
