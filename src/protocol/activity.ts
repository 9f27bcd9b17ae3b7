import { CfluxError } from '../errors.js';
import { JsonObject, type JsonRefusal } from '../json-object.js';

/** The kind of a recorded change. */
export type Action =
  | 'push'
  | 'register'
  | 'update-node'
  | 'deregister'
  | 'delete-cluster'
  | 'order-drop'
  | 'revoke-drops'
  | 'confirm-drops';

const actions: readonly Action[] = [
  'push',
  'register',
  'update-node',
  'deregister',
  'delete-cluster',
  'order-drop',
  'revoke-drops',
  'confirm-drops',
];

/** A change that a manager recorded. */
export interface ActivityEntry {
  /** Its place in the record of the manager; entries of one manager are numbered upwards. */
  readonly seq: number;
  /** Milliseconds since 1970 by the manager's clock. */
  readonly at: number;
  readonly action: Action;
  readonly cluster: string;
  readonly version?: number | undefined;
  readonly nodeId?: number | undefined;
  /** Name of the token or client certificate of the requester. */
  readonly author?: string | undefined;
}

/** What a manager recorded after a place in its record. */
export interface Activity {
  /** Identity of the manager process: each has a record of its own. */
  readonly manager: string;
  /** The place to continue from. */
  readonly seq: number;
  /** There may have been changes that the record does not have any more: read everything again. */
  readonly missed: boolean;
  readonly entries: readonly ActivityEntry[];
  /** Names of the clusters that changed, also by other managers. */
  readonly clusters: readonly string[];
}

const refuse: JsonRefusal = ({ place, expected, cause }) =>
  new CfluxError('BAD_ANSWER', `invalid activity: ${place === '' ? 'it' : place} is not ${expected}`, {
    cause,
  });

const count = { min: 0 };
const isAction = (value: unknown): value is Action => actions.some((action) => action === value);

/** Parses the activity of a manager. @throws `BAD_ANSWER` */
export function readActivity(json: string): Activity {
  const fields = JsonObject.parse(json, refuse);
  return {
    manager: fields.text('manager'),
    seq: fields.integer('seq', count),
    missed: fields.boolean('missed'),
    entries: fields.objects('entries').map(entryIn),
    clusters: fields.optionalTexts('clusters') ?? [],
  };
}

function entryIn(fields: JsonObject): ActivityEntry {
  return {
    seq: fields.integer('seq', count),
    at: fields.integer('at', { min: 0, max: 8.64e15 }),
    action: fields.field('action', isAction, `one of ${actions.join(', ')}`),
    cluster: fields.text('cluster'),
    version: fields.optionalInteger('version', count),
    nodeId: fields.optionalInteger('nodeId', count),
    author: fields.optionalText('author'),
  };
}
