import { CfluxError } from '../errors.js';
import { JsonObject } from '../json-object.js';
import type { NodeInfo } from './nodes.js';
import { listedNode } from './registration.js';
import { nodeIn, refusingResponse } from './response-bodies.js';
import { noVersion, parseVersion } from './version.js';

/** A wait until every node that counts has a version of the cluster. */
export interface WaitForNodesRequest {
  readonly cluster: string;
  readonly version: number;
  /** Maximum wait in milliseconds; 0 requests an immediate response. */
  readonly wait: number;
  /** The history that `version` belongs to; absent: the present one. */
  readonly epoch?: string | undefined;
  /** Milliseconds; nodes that sent no request for longer do not count. Absent: every node that is alive counts. */
  readonly seen?: number | undefined;
}

/**
 * Which nodes have a version (R28). Every node that is alive counts, except for legacy nodes: of agents the applied version counts, of
 * others the held one.
 */
export interface WaitForNodesResult {
  readonly version: number;
  /** Every node that counts has the version. If it is `false`, the time was up before. */
  readonly complete: boolean;
  /** Number of nodes that count. */
  readonly counted: number;
  /** The nodes that count and lack the version. */
  readonly behind: readonly NodeInfo[];
  /** The agents whose server has the version except for the findings of their report; they count as having it. */
  readonly withFindings: readonly NodeInfo[];
  /** Legacy nodes: alive, but they report no versions, so they do not count. */
  readonly unknown: readonly NodeInfo[];
  /** Milliseconds for which the manager cannot know yet that all nodes have it, because it has just started; absent if it can. */
  readonly uncertainFor?: number | undefined;
}

const seconds = (what: string, text: string | null): number | undefined => {
  if (text === null) return undefined;
  if (!/^[0-9]{1,9}(\.[0-9]{1,3})?$/.test(text)) throw refused(`${what} must be a number of seconds`);
  return Math.round(Number(text) * 1_000);
};

const refused = (reason: string) =>
  new CfluxError('BAD_REQUEST', `invalid query: ${reason}`, { outcome: 'notApplied' });

/**
 * Parses the query of `GET /nodes/{cluster}`; `undefined` if the request lists the nodes and does not wait.
 *
 * @param target the request target
 * @throws `BAD_REQUEST` that names the parameter
 */
export function parseWaitQuery(
  target: string,
): Pick<WaitForNodesRequest, 'version' | 'wait' | 'seen'> | undefined {
  const at = target.indexOf('?');
  if (at < 0) return undefined;
  const query = new URLSearchParams(target.slice(at + 1));
  const [wait, seen] = [seconds('wait', query.get('wait')), seconds('seen', query.get('seen'))];
  const text = query.get('version');
  if (text === null) {
    if (wait === undefined && seen === undefined) return undefined;
    throw refused('wait and seen need a version');
  }
  const version = parseVersion(text);
  if (version === undefined || version === noVersion) throw refused('version must be a version above 0');
  return { version, wait: wait ?? 0, ...(seen === undefined ? {} : { seen }) };
}

/** Returns the query that {@link parseWaitQuery} parses. */
export function waitQuery({ version, wait, seen }: WaitForNodesRequest): string {
  const text = (ms: number) => String(Math.ceil(ms) / 1_000);
  return `version=${version}&wait=${text(wait)}${seen === undefined ? '' : `&seen=${text(seen)}`}`;
}

/** Returns the JSON of a result in pieces, because it may name thousands of nodes. */
export function writeWaitResult(result: WaitForNodesResult): readonly string[] {
  const { version, complete, counted, uncertainFor } = result;
  const begin = JSON.stringify({
    version,
    complete,
    counted,
    ...(uncertainFor === undefined ? {} : { uncertainFor }),
  });
  const lists = (['behind', 'withFindings', 'unknown'] as const).flatMap((name) => [
    `,"${name}":[`,
    ...result[name].map((node, at) => `${at === 0 ? '' : ','}${JSON.stringify(listedNode(node))}`),
    ']',
  ]);
  return [begin.slice(0, -1), ...lists, '}'];
}

/**
 * Parses the response to a wait.
 *
 * @throws `NO_SUCH_ROUTE`: the manager ignored the query and listed the nodes, as older ones do; `BAD_ANSWER`
 */
export function readWaitResult(json: string, requested: number): WaitForNodesResult {
  // Older managers ignore the query: their list does not show whether the nodes have the version.
  if (/^\s*\[/.test(json)) throw cannotWait();
  const refuse = refusingResponse('the wait for nodes');
  const answer = JsonObject.parse(json, refuse);
  const version = answer.integer('version', { min: 1 });
  const complete = answer.boolean('complete');
  const behind = answer.objects('behind').map(nodeIn);
  if (version !== requested) throw refuse({ place: 'version', expected: `${requested}` });
  if (complete && behind.length > 0) throw refuse({ place: 'behind', expected: 'empty' });
  const uncertainFor = answer.optionalInteger('uncertainFor', { min: 0 });
  return {
    version,
    complete,
    counted: answer.integer('counted', { min: 0 }),
    behind,
    withFindings: answer.objects('withFindings').map(nodeIn),
    unknown: answer.objects('unknown').map(nodeIn),
    ...(uncertainFor === undefined ? {} : { uncertainFor }),
  };
}

/** The error for a manager, or a transport, that does not know this request. */
export const cannotWait = () =>
  new CfluxError(
    'NO_SUCH_ROUTE',
    'cannot wait for the nodes: the manager does not support it; update the manager',
    { outcome: 'notApplied' },
  );
