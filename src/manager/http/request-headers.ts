import type { IncomingMessage } from 'node:http';
import { CfluxError } from '../../errors.js';
import { matchesDigest } from '../../protocol/content-digest.js';
import { type DropsChange, decodeDrops } from '../../protocol/drop-orders.js';
import { headers } from '../../protocol/headers.js';
import type { NodeProgress } from '../../protocol/node-progress.js';
import { noVersion, parseVersion } from '../../protocol/version.js';
import type { PushRequest } from '../../transport/transport.js';

const badRequest = (message: string) => new CfluxError('BAD_REQUEST', message, { outcome: 'notApplied' });

/** Returns a header that is not empty; a repeated header as Node joins it. */
export function header({ headers: received }: IncomingMessage, name: string): string | undefined {
  const value = received[name.toLowerCase()];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Returns the requester's node id from `Cflux-Node`. @throws `BAD_REQUEST`: it is not a node id. */
export function nodeIdOf(request: IncomingMessage): number | undefined {
  const value = header(request, headers.node);
  if (value === undefined) return undefined;
  const id = parseVersion(value);
  if (id === undefined) throw badRequest(`invalid header ${headers.node}: it must be a node id`);
  return id;
}

const names = {
  instance: headers.instance.toLowerCase(),
  epoch: headers.epoch.toLowerCase(),
  held: headers.held.toLowerCase(),
  applied: headers.applied.toLowerCase(),
};

/** Reads the progress of a node from the headers of a heartbeat. @throws `BAD_REQUEST` for an invalid version */
export function wordOf({ headers: received }: IncomingMessage): NodeProgress {
  const instance = textIn(received[names.instance]);
  if (instance === undefined) return nothingSaid;
  const epoch = textIn(received[names.epoch]);
  const version = versionIn(received[names.held], headers.held);
  return { instance, epoch, version, applied: versionIn(received[names.applied], headers.applied) };
}

const nothingSaid: NodeProgress = {};

const textIn = (value: string | string[] | undefined) =>
  typeof value === 'string' && value !== '' ? value : undefined;

function versionIn(value: string | string[] | undefined, name: string): number | undefined {
  const text = textIn(value);
  if (text === undefined) return undefined;
  const version = parseVersion(text);
  if (version === undefined) throw badRequest(`${name} must be a version`);
  return version;
}

/** Returns the history that a node offers, from `Cflux-Offer`. @throws `BAD_REQUEST`: it is not `<epoch>/<version>`. */
export function offerOf(request: IncomingMessage): PushRequest['offer'] {
  const value = header(request, headers.offer);
  if (value === undefined) return undefined;
  const slash = value.lastIndexOf('/');
  const version = parseVersion(value.slice(slash + 1));
  if (slash < 1 || version === undefined || version === noVersion) {
    throw badRequest(`invalid header ${headers.offer}: it must be <epoch>/<version>`);
  }
  return { epoch: value.slice(0, slash), version };
}

/** Returns the drop orders of a push, from `Cflux-Drops`. @throws `BAD_REQUEST` */
export function dropsOf(request: IncomingMessage): DropsChange | undefined {
  const value = header(request, headers.drops);
  return value === undefined ? undefined : decodeDrops(value);
}

/** Returns the version in the query of a request for drop orders. @throws `BAD_REQUEST` */
export function sinceOf({ url = '' }: IncomingMessage): number {
  const query = url.includes('?') ? url.slice(url.indexOf('?') + 1) : '';
  const since = parseVersion(new URLSearchParams(query).get('since') ?? '0');
  if (since === undefined) throw badRequest('since must be a version');
  return since;
}

/** Returns the longest wait that a poll allows, in milliseconds (RFC 7240); undefined if it does not limit it. */
export function waitOf(request: IncomingMessage): number | undefined {
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?([0-9]{1,9})/i.exec(header(request, headers.prefer) ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}

/** @throws `BAD_REQUEST`: the request states a digest that does not match the snapshot. */
export function checkDigest(request: IncomingMessage, snapshot: Uint8Array): void {
  const digest = header(request, headers.contentDigest) ?? header(request, 'Digest');
  if (digest !== undefined && matchesDigest(digest, snapshot) === false) {
    throw badRequest('the snapshot does not match its digest: it was damaged in transfer; send it again');
  }
}

/** Returns whether the client accepts a compressed body. */
export function takesGzip(request: IncomingMessage): boolean {
  const accepted = header(request, 'Accept-Encoding')?.split(',') ?? [];
  return accepted.some((item) => {
    const [coding, weight] = /^\s*(?:x-)?gzip\s*(?:;\s*q=(.*))?$/i.exec(item) ?? [];
    return coding !== undefined && !/^0(?:\.0*)?\s*$/.test(weight ?? '1');
  });
}
