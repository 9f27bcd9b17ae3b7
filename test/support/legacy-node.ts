import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { decodeMetadata, encodeMetadata, LocalMetaClient, type MetaData } from 'clusterflux';

/** Rounds of one change: the legacy client gives up after the last one, and reports success. */
const rounds = 5;
/** Milliseconds between two heartbeats. */
const heartbeatInterval = 5_000;

export interface LegacyNodeOptions {
  readonly cluster?: string;
  /** Address from which it connects, such as `127.0.0.2`. Default: the one that the system selects. */
  readonly localAddress?: string;
  readonly bindAddress?: string;
  /** Additional request headers. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/**
 * A small model of the Go client of 2016, written from what it does on the wire: a pool with at most two idle connections of which the
 * last used is taken first, one lock for changes and for what a poll brings, five rounds without an error, a poll loop that applies
 * everything it gets and polls again at once.
 */
export class LegacyNode {
  readonly #url: string;
  readonly #options: LegacyNodeOptions;
  readonly #cluster: string;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 2, scheduling: 'lifo' });
  readonly #closing = new AbortController();
  #lock: Promise<unknown> = Promise.resolve();
  #data: MetaData = new LocalMetaClient().data();
  #version = 0;
  #loops: Promise<unknown> = Promise.resolve();
  #changed = () => {};
  id = 0;
  /** Number of polls that it sent. */
  polls = 0;
  /** How often it applied a version that is older than the one it had. */
  wentBack = 0;
  /** Called with the version in the response to a conflict, before the next round. */
  onConflict: (shown: number) => Promise<void> = async () => {};

  private constructor(url: string, options: LegacyNodeOptions) {
    this.#url = url;
    this.#options = options;
    this.#cluster = encodeURIComponent(options.cluster ?? 'default');
  }

  /** Registers, pushes at version 0 and ignores the response, then polls and sends heartbeats. */
  static async open(url: string, options: LegacyNodeOptions = {}): Promise<LegacyNode> {
    const node = new LegacyNode(url, options);
    const { bindAddress = '127.0.0.1:8086' } = options;
    const description = JSON.stringify({ ip: '127.0.0.1,', hostname: 'legacy', bindAddress });
    const registered = await node.#send('POST', `/nodes/${node.#cluster}`, description);
    // It opens with id 0 if it was refused.
    if (registered.status === 200) node.id = JSON.parse(registered.body.toString()).id;
    await node.#push(0, encodeMetadata(node.#data));
    node.#loops = Promise.allSettled([node.#poll(), node.#beat()]);
    return node;
  }

  get version(): number {
    return this.#version;
  }

  get databases(): readonly string[] {
    return this.#data.databases.map(({ name }) => name);
  }

  createDatabase(name: string): Promise<void> {
    return this.change(async (meta) => {
      await meta.createDatabase(name);
    });
  }

  /** Resolves when the change is stored, or when it lost five times: a caller cannot tell the two apart. */
  change(operation: (meta: LocalMetaClient) => Promise<void>): Promise<void> {
    return this.#exclusively(async () => {
      for (let round = 0; round < rounds; round++) {
        const meta = new LocalMetaClient({ data: this.#data });
        await operation(meta);
        const data = meta.data();
        const { status, headers, body } = await this.#push(this.#version, encodeMetadata(data));
        if (status === 200) return this.#adopt(Number(headers['version']), data);
        if (status !== 409) throw new Error(body.toString());
        this.#adopt(Number(headers['version']), decodeMetadata(body));
        await this.onConflict(this.#version);
      }
    });
  }

  /** Resolves when it has all of these databases. */
  async has(names: readonly string[]): Promise<void> {
    while (!names.every((name) => this.databases.includes(name))) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  heartbeat(): Promise<Answer> {
    return this.#send('PUT', `/nodes/${this.#cluster}/${this.id}`);
  }

  /** The nodes that it would make owners of shards. */
  async nodes(): Promise<readonly { readonly id: number; readonly alive: boolean }[]> {
    const { body } = await this.#send('GET', `/nodes/${this.#cluster}`);
    return JSON.parse(body.toString());
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#agent.destroy();
    await this.#loops;
  }

  #adopt(version: number, data: MetaData): void {
    if (version < this.#version) this.wentBack += 1;
    this.#version = version;
    this.#data = data;
    this.#changed();
  }

  async #poll(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      this.polls += 1;
      const { status, headers, body } = await this.#send('GET', this.#path(this.#version));
      if (status !== 200) continue;
      await this.#exclusively(async () => this.#adopt(Number(headers['version']), decodeMetadata(body)));
    }
  }

  async #beat(): Promise<void> {
    for (;;) {
      await sleep(heartbeatInterval, undefined, { signal: this.#closing.signal });
      await this.heartbeat();
    }
  }

  #push(version: number, snapshot: Uint8Array): Promise<Answer> {
    return this.#send('POST', this.#path(version), snapshot);
  }

  #path = (version: number) => `/clusters/${this.#cluster}/versions/${version}`;

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#lock.then(work);
    this.#lock = result.catch(() => {});
    return result;
  }

  #send(method: string, path: string, body: string | Uint8Array = ''): Promise<Answer> {
    const { localAddress, headers } = this.#options;
    return new Promise((resolve, reject) => {
      const sent = request(`${this.#url}${path}`, {
        method,
        agent: this.#agent,
        ...(localAddress === undefined ? {} : { localAddress }),
        headers: { 'User-Agent': 'Go-http-client/1.1', 'Accept-Encoding': 'gzip', ...headers },
      });
      sent.on('error', reject);
      sent.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('error', reject);
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const isPacked = response.headers['content-encoding'] === 'gzip';
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: isPacked ? gunzipSync(bytes) : bytes,
          });
        });
      });
      if (method !== 'GET') sent.setHeader('Content-Length', Buffer.byteLength(body));
      sent.end(body);
    });
  }
}
