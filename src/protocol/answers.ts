import { CfluxError } from '../errors.js';
import { JsonObject, type JsonRefusal } from '../json-object.js';
import type { NodeInfo, Registration } from './nodes.js';

// JSON from a manager is checked before it is used: it may come from a proxy or another program.

const refusing =
  (what: string): JsonRefusal =>
  ({ place, expected, cause }) =>
    new CfluxError(
      'BAD_ANSWER',
      `invalid response to ${what}: ${place === '' ? 'it' : place} is not ${expected}; check that the endpoint is a manager`,
      { cause, retryable: true },
    );

/** Parses the response to a registration; `BAD_ANSWER` if it is not a JSON object with a usable `id`. */
export function readRegistration(json: string): Registration {
  const answer = JsonObject.parse(json, refusing('the registration'));
  const expirationDate = answer.value('expirationDate');
  return {
    id: answer.integer('id', { min: 1 }),
    expirationDate: typeof expirationDate === 'string' ? expirationDate : '',
  };
}

/** Parses one node of a list of members. */
export function nodeIn(entry: JsonObject): NodeInfo {
  // Managers use both spellings.
  const bindAddress = entry.value('bindAddress') == null ? 'bind-address' : 'bindAddress';
  return {
    id: entry.integer('id', { min: 1 }),
    ip: entry.text('ip'),
    hostname: entry.text('hostname'),
    bindAddress: entry.text(bindAddress),
    alive: entry.boolean('alive'),
  };
}

/** Parses the members of a cluster; `BAD_ANSWER` if it is not a JSON array of nodes. */
export function readNodes(json: string): readonly NodeInfo[] {
  return JsonObject.parseList(json, refusing('the request for the list of members')).map(nodeIn);
}
