import { connect } from 'node:net';
import { withDeadline } from '../../async/deadline.js';
import type { Clock } from '../../clock.js';
import { CfluxError } from '../../errors.js';
import { decodeMetadata } from '../../meta/codec/decode-metadata.js';
import type { MetaData } from '../../meta/records.js';

/** `host:port` of a server's snapshot service, in two parts. */
export interface SnapshotAddress {
  readonly host: string;
  readonly port: number;
}

export interface SnapshotOptions {
  readonly clock: Clock;
  /** Milliseconds for the whole request. */
  readonly timeout: number;
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
  /** An earlier reading, whose unchanged records are reused. */
  readonly known?: MetaData | undefined;
}

// The byte that selects the snapshot service, the type of the request, and its body: what `influxd backup` sends.
const request = Buffer.from('\x03\x01{"Type":1}\n', 'latin1');
const magic = 0x59590101n;
const headerLength = 16;

/** Parses an address; IPv6 addresses are in brackets. */
export function parseSnapshotAddress(text: string): SnapshotAddress {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):([0-9]{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host !== undefined && port > 0 && port < 65_536) return { host, port };
  throw new CfluxError(
    'INVALID_OPTION',
    `snapshot: ${JSON.stringify(text)} is not host:port; write one such as 127.0.0.1:8088`,
  );
}

/**
 * Reads the complete metadata of a server, with password hashes and shard groups, from its snapshot service: the `bind-address` at
 * the top of its configuration, 127.0.0.1:8088 by default. It has no authentication.
 */
export async function readSnapshot(address: SnapshotAddress, options: SnapshotOptions): Promise<MetaData> {
  const { clock, timeout, signal } = options;
  const where = `${address.host}:${address.port}`;
  const timeoutError = () =>
    new CfluxError('TIMEOUT', `no snapshot from ${where} within ${timeout} ms`, { retryable: true });
  const reply = await withDeadline({ clock, timeout, timeoutError, signals: [signal] }, (limit) =>
    exchange(address, options.maxBytes, limit),
  );
  return decodeMetadata(metadataIn(reply, where), options.known);
}

function exchange({ host, port }: SnapshotAddress, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let length = 0;
    const socket = connect({ host, port, signal });
    socket.once('connect', () => socket.write(request));
    socket.on('data', (piece) => {
      pieces.push(piece);
      length += piece.length;
      if (length > maxBytes)
        socket.destroy(new CfluxError('TOO_LARGE', `the snapshot is larger than ${maxBytes} bytes`));
    });
    socket.once('end', () => resolve(Buffer.concat(pieces)));
    socket.once('error', (error) => reject(unreachable(error, `${host}:${port}`)));
    socket.once('close', () => reject(unreachable(new Error('the connection ended'), `${host}:${port}`)));
  });
}

function unreachable(error: Error, where: string): CfluxError {
  if (error instanceof CfluxError) return error;
  return new CfluxError(
    'UNREACHABLE',
    `cannot read the snapshot port of InfluxDB at ${where}: ${error.message}`,
    {
      cause: error,
      retryable: true,
    },
  );
}

/** Returns the part of `reply` between the header (magic number and length) and the description of the node. */
function metadataIn(reply: Buffer, where: string): Uint8Array {
  const length = reply.length < headerLength ? 0n : reply.readBigUInt64BE(8);
  const end = BigInt(headerLength) + length;
  if (reply.length < headerLength || reply.readBigUInt64BE(0) !== magic || end > BigInt(reply.length)) {
    throw new CfluxError(
      'BAD_ANSWER',
      `the service at ${where} is not the snapshot service of InfluxDB 1.x`,
      {
        retryable: true,
      },
    );
  }
  return reply.subarray(headerLength, Number(end));
}
