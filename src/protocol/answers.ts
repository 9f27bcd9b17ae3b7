import { CfluxError } from '../errors.js';
import { JsonObject, type JsonRefusal } from '../json-object.js';
import type { NodeInfo, Registration } from './nodes.js';

// What a manager sends in JSON is checked before it is used: a proxy's page or another program may have sent it.

const refusing =
  (what: string): JsonRefusal =>
  ({ place, expected, cause }) =>
    new CfluxError(
      'BAD_ANSWER',
      `${what} is not what a manager answers: ${place === '' ? 'it' : place} is not ${expected}`,
      { cause, retryable: true },
    );

/** The answer to a registration; `BAD_ANSWER` if it is no JSON object with a usable `id`. */
export function readRegistration(json: string): Registration {
  const answer = JsonObject.parse(json, refusing('the answer to the registration'));
  const expirationDate = answer.value('expirationDate');
  return {
    id: answer.integer('id', { min: 1 }),
    expirationDate: typeof expirationDate === 'string' ? expirationDate : '',
  };
}

/** One node of a list of members. */
export function nodeIn(entry: JsonObject): NodeInfo {
  // Both spellings are published.
  const bindAddress = entry.value('bindAddress') == null ? 'bind-address' : 'bindAddress';
  return {
    id: entry.integer('id', { min: 1 }),
    ip: entry.text('ip'),
    hostname: entry.text('hostname'),
    bindAddress: entry.text(bindAddress),
    alive: entry.boolean('alive'),
  };
}

/** The members of a cluster; `BAD_ANSWER` if it is no JSON array of nodes. */
export function readNodes(json: string): readonly NodeInfo[] {
  return JsonObject.parseList(json, refusing('the list of members')).map(nodeIn);
}
