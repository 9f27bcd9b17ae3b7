import { CfluxError } from '../errors.js';
import type { NodeInfo, Registered } from './nodes.js';

// What a manager says in JSON is checked before anybody relies on it: a proxy's page or another program may have answered.

const refused = (what: string, cause?: unknown) =>
  new CfluxError('BAD_ANSWER', `${what} is not what a manager answers`, { cause, retryable: true });

type Fields = Readonly<Record<string, unknown>>;

function parse(json: string, what: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw refused(what, cause);
  }
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isNodeId = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 0;

const isText = (value: unknown): value is string => typeof value === 'string';

/** The answer to a registration; `BAD_ANSWER` where it is no JSON object with a usable `id`. */
export function readRegistered(json: string): Registered {
  const answer = parse(json, 'the answer to the registration');
  if (!isFields(answer)) throw refused('the answer to the registration');
  const { id, expirationDate } = answer;
  if (!isNodeId(id)) throw refused('the node id in the answer to the registration');
  return { id, expirationDate: isText(expirationDate) ? expirationDate : '' };
}

function readNode(entry: unknown): NodeInfo {
  const what = 'a node in the list of members';
  if (!isFields(entry)) throw refused(what);
  const { id, ip, hostname, alive } = entry;
  // Both spellings are published.
  const bindAddress = entry['bindAddress'] ?? entry['bind-address'];
  if (!isNodeId(id) || !isText(ip) || !isText(hostname) || !isText(bindAddress)) throw refused(what);
  if (typeof alive !== 'boolean') throw refused(what);
  return { id, ip, hostname, bindAddress, alive };
}

/** The members of a cluster; `BAD_ANSWER` where it is no JSON array of nodes. */
export function readNodes(json: string): readonly NodeInfo[] {
  const answer = parse(json, 'the list of members');
  if (!Array.isArray(answer)) throw refused('the list of members');
  return answer.map(readNode);
}
