import type { Client } from '@grpc/grpc-js';
import { CfluxError } from '../../../errors.js';
import { type EtcdEndpoint, parseEndpoints } from './endpoints.js';
import type { EtcdOptions } from './etcd-options.js';
import type { Grpc } from './grpc.js';

/** Something that is bound to one member, and fails when that is left. */
interface Bound {
  readonly member: number;
  readonly fail: (error: CfluxError) => void;
}

/** The members of etcd, one of which is used until it fails; then the next. */
export class Members {
  readonly #endpoints: readonly EtcdEndpoint[];
  readonly #clients: readonly Client[];
  readonly #bound = new Set<Bound>();
  #present = 0;

  constructor(grpc: Grpc, { endpoints, tls }: EtcdOptions) {
    this.#endpoints = parseEndpoints(endpoints);
    this.#clients = this.#endpoints.map((endpoint) => createClient(grpc, endpoint, tls));
  }

  get count(): number {
    return this.#clients.length;
  }

  /** Number of the one that is used now. */
  get present(): number {
    return this.#present;
  }

  urlOf(member: number): string {
    return this.#endpoints[member]?.url ?? '';
  }

  clientOf(member: number): Client {
    const client = this.#clients[member];
    if (client === undefined) throw new CfluxError('UNEXPECTED', `there is no member ${member}`);
    return client;
  }

  /** `fail` is called when the member is left, or everything is closed; until what this answers is called. */
  bind(member: number, fail: (error: CfluxError) => void): () => void {
    const bound = { member, fail };
    this.#bound.add(bound);
    return () => this.#bound.delete(bound);
  }

  /** Goes on to the next member, unless `member` was left already. */
  leave(member: number, reason: CfluxError): void {
    if (member !== this.#present || this.count === 1) return;
    this.#present = (member + 1) % this.count;
    for (const bound of [...this.#bound]) if (bound.member === member) bound.fail(reason);
  }

  close(reason: CfluxError): void {
    for (const { fail } of [...this.#bound]) fail(reason);
    for (const client of this.#clients) client.close();
  }
}

function createClient(grpc: Grpc, { address, secure }: EtcdEndpoint, tls: EtcdOptions['tls'] = {}): Client {
  const { credentials, Client: GrpcClient } = grpc;
  const pem = (value: string | Uint8Array | undefined) => (value === undefined ? null : Buffer.from(value));
  const { ca, cert, key } = tls;
  return new GrpcClient(
    `dns:${address}`,
    secure ? credentials.createSsl(pem(ca), pem(key), pem(cert)) : credentials.createInsecure(),
    {
      // The default of 4 MiB would not let a snapshot through.
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      // etcd takes more than one in 5 s for an attack.
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 5_000,
      // The default waits up to two minutes for a member that is back long since.
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1_000,
      'grpc.enable_retries': 0,
      'grpc.enable_http_proxy': 0,
      'grpc.service_config_disable_resolution': 1,
    },
  );
}
