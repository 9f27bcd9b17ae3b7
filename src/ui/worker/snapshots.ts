import { decodeMetadata } from '../../meta/codec/decode-metadata.js';
import type { MetaData } from '../../meta/records.js';
import { headers } from '../../protocol/headers.js';
import { paths } from '../../protocol/routes.js';
import { noVersion, parseVersion } from '../../protocol/version.js';
import { ApiError } from '../api/api-error.js';
import { type Access, send } from '../api/send.js';
import type { Base } from './messages.js';

const most = 24;
/** Snapshots may be large, and the connection slow. */
const timeout = 60_000;

type Newest = Base & { readonly data: MetaData };

/** The decoded versions that were read last. Versions share what did not change between them. */
export class Snapshots {
  access: Access = { base: '' };
  readonly #known = new Map<string, Promise<MetaData>>();
  /** Of each cluster, the newest version as it was read last, or is being read. */
  readonly #newest = new Map<string, Promise<Newest>>();
  /** Of each cluster, the version that was decoded last. */
  readonly #last = new Map<string, MetaData>();

  /** @throws ApiError; the snapshot is malformed */
  of(cluster: string, epoch: string, version: number): Promise<MetaData> {
    const key = JSON.stringify([cluster, epoch, version]);
    const known = this.#known.get(key) ?? this.#read(cluster, epoch, version);
    // Last used, last removed.
    this.#known.delete(key);
    this.#known.set(key, known);
    known.catch(() => this.#known.delete(key));
    const [oldest] = this.#known.keys();
    if (this.#known.size > most && oldest !== undefined) this.#known.delete(oldest);
    return known;
  }

  /** Reads the newest version. @throws ApiError */
  newest(cluster: string): Promise<Newest> {
    const reading = this.#readNewest(cluster);
    this.#newest.set(cluster, reading);
    return reading;
  }

  async #readNewest(cluster: string): Promise<Newest> {
    const response = await send(this.access, paths.version(cluster, noVersion), {
      headers: { [headers.prefer]: 'wait=0' },
      timeout,
    });
    const version = parseVersion(response.headers.get(headers.version));
    if (response.status !== 200 || version === undefined)
      throw new ApiError('the cluster has no data', 404, 'CLUSTER_EMPTY');
    const epoch = response.headers.get(headers.epoch) ?? undefined;
    return { version, epoch, data: await this.#decode(cluster, response) };
  }

  async #read(cluster: string, epoch: string, version: number): Promise<MetaData> {
    const newest = await this.#newest.get(cluster)?.catch(() => undefined);
    if (newest?.version === version && newest.epoch === epoch) return newest.data;
    return this.#decode(cluster, await send(this.access, paths.keptVersion(cluster, version), { timeout }));
  }

  async #decode(cluster: string, response: Response): Promise<MetaData> {
    const data = decodeMetadata(new Uint8Array(await response.arrayBuffer()), this.#last.get(cluster));
    this.#last.set(cluster, data);
    return data;
  }
}
