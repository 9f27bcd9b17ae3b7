import type { IncomingMessage } from 'node:http';
import { isJsonObject } from '../../json-object.js';
import { placeOfBucket, type RequestPlace } from './database-of.js';
import { readBody } from './read-body.js';

/** A Flux script that was read to find its databases. */
export interface FluxScript {
  /** What it names by text. */
  readonly places: readonly RequestPlace[];
  /** What was read of the body. */
  readonly read: readonly Buffer[];
}

/** Scripts are shorter; the rest of a longer one is not read. */
const maxScript = 2 ** 20;

/** A bucket as Flux names it: `bucket: "database/policy"`. */
const bucket = /\bbucket\s*:\s*"((?:[^"\\]|\\.)*)"/g;

/** Reads the script of a request to `/api/v2/query`: JSON with the member `query`, or the script itself. */
export async function readFluxScript(request: IncomingMessage): Promise<FluxScript> {
  const { pieces } = await readBody(request, maxScript);
  const text = scriptIn(Buffer.concat(pieces).toString('utf8'));
  const buckets = [...text.matchAll(bucket)].map(([, name = '']) => name.replace(/\\(.)/g, '$1'));
  return { places: [...new Set(buckets)].map(placeOfBucket), read: pieces };
}

function scriptIn(body: string): string {
  if (!body.trimStart().startsWith('{')) return body;
  try {
    const json: unknown = JSON.parse(body);
    return isJsonObject(json) && typeof json['query'] === 'string' ? json['query'] : '';
  } catch {
    // The server judges it.
    return '';
  }
}
