import { CfluxError } from '../errors.js';
import { JsonObject, type JsonRefusal } from '../json-object.js';
import { readAddresses } from './addresses.js';
import { reportIn } from './node-report.js';
import type { NodeInfo, NodeKind, Registration } from './nodes.js';

// JSON from a manager is checked before it is used: it may come from a proxy or another program.

export const refusingResponse =
  (what: string): JsonRefusal =>
  ({ place, expected, cause }) =>
    new CfluxError(
      'BAD_ANSWER',
      `invalid response to ${what}: ${place === '' ? 'it' : place} is not ${expected}; check that the endpoint is a manager`,
      { cause, retryable: true },
    );

/** Parses the response to a registration; `BAD_ANSWER` if it is not a JSON object with a usable `id`. */
export function readRegistration(json: string): Registration {
  const answer = JsonObject.parse(json, refusingResponse('the registration'));
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
    ...readAddresses(entry.text('ip')),
    hostname: entry.text('hostname'),
    bindAddress: entry.text(bindAddress),
    alive: entry.boolean('alive'),
    ...(entry.value('left') === true ? { left: true } : {}),
    ...progressIn(entry),
  };
}

const kinds: Readonly<Record<NodeKind, true>> = { agent: true, library: true, legacy: true };
const isKind = (value: unknown): value is NodeKind =>
  typeof value === 'string' && Object.hasOwn(kinds, value);

/** Fields that only managers with R28 send. */
function progressIn(entry: JsonObject): Partial<NodeInfo> {
  const kind = entry.optionalField('kind', isKind, `one of ${Object.keys(kinds).join(', ')}`);
  const instance = entry.optionalText('instance');
  const heldVersion = entry.optionalInteger('heldVersion', { min: 0 });
  const appliedVersion = entry.optionalInteger('appliedVersion', { min: 0 });
  const lastSeen = entry.optionalInteger('lastSeen', { min: 0 });
  const report = entry.optionalObject('report');
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(instance === undefined ? {} : { instance }),
    ...(heldVersion === undefined ? {} : { heldVersion }),
    ...(appliedVersion === undefined ? {} : { appliedVersion }),
    ...(lastSeen === undefined ? {} : { lastSeen }),
    ...(entry.value('duplicate') === true ? { duplicate: true } : {}),
    ...(report === undefined ? {} : { report: reportIn(report) }),
  };
}

/** Parses the members of a cluster; `BAD_ANSWER` if it is not a JSON array of nodes. */
export function readNodes(json: string): readonly NodeInfo[] {
  return JsonObject.parseList(json, refusingResponse('the request for the list of members')).map(nodeIn);
}
