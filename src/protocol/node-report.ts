import { CfluxError } from '../errors.js';
import { JsonObject, type JsonRefusal } from '../json-object.js';

/** What one finding of an agent is about. */
export type FindingKind = 'pending' | 'refused' | 'unmanaged' | 'unverified' | 'local';

/** The state of an agent's InfluxDB server, reported after each change. */
export interface NodeReport {
  /** The last version that the server was in sync with, except for the findings; 0 if none yet. */
  readonly version: number;
  /** When it was made, in milliseconds since 1970 by the agent's clock. */
  readonly at: number;
  readonly influxdb: {
    readonly reachable: boolean;
    /** As the server reports it. */
    readonly version?: string | undefined;
    /** Why it cannot be used. */
    readonly error?: string | undefined;
    /** Why its snapshot cannot be read, so that password hashes are unknown. */
    readonly snapshotError?: string | undefined;
    /** Names its process: equal in the reports of two agents if both have the same server. */
    readonly process?: string | undefined;
  };
  /** The agent may drop what the cluster dropped. */
  readonly drops: boolean;
  /** How many things of the cluster the server has as the cluster has them … */
  readonly inSync: number;
  /** … and how many findings of each kind there are. */
  readonly pending: number;
  readonly refused: number;
  readonly unmanaged: number;
  readonly unverified: number;
  /** The first of them; at most 20. */
  readonly findings: readonly { readonly kind: FindingKind; readonly text: string }[];
}

/** Bytes of a report, at most. */
export const maxReportBytes = 16 * 1024;
/** Findings that a report names, at most. */
export const maxFindings = 20;

const maxText = 500;
const maxServerVersion = 100;
const maxProcess = 100;

const kinds: ReadonlySet<string> = new Set<FindingKind>([
  'pending',
  'refused',
  'unmanaged',
  'unverified',
  'local',
]);
const isKind = (value: unknown): value is FindingKind => typeof value === 'string' && kinds.has(value);

const count = { min: 0 };
/** Milliseconds since 1970 that a date can have. */
const moment = { min: 0, max: 8.64e15 };

const refuse: JsonRefusal = ({ place, expected, cause }) =>
  new CfluxError(
    'BAD_REQUEST',
    place === '' ? `the report is not ${expected}` : `${place} of the report must be ${expected}`,
    { cause, outcome: 'notApplied' },
  );

/** The report in the body of a request. @throws `BAD_REQUEST` that names the field */
export const parseReport = (json: string | Uint8Array): NodeReport =>
  reportIn(JsonObject.parse(json, refuse));

/** A report from its fields; whatever else there is, is left out, and long texts are cut. */
export function reportIn(fields: JsonObject): NodeReport {
  const server = fields.object('influxdb');
  const [version, error] = [server.optionalText('version'), server.optionalText('error')];
  const snapshotError = server.optionalText('snapshotError');
  const process = server.optionalText('process');
  return {
    version: fields.integer('version', count),
    at: fields.integer('at', moment),
    influxdb: {
      reachable: server.boolean('reachable'),
      ...(version === undefined ? {} : { version: version.slice(0, maxServerVersion) }),
      ...(error === undefined ? {} : { error: error.slice(0, maxText) }),
      ...(snapshotError === undefined ? {} : { snapshotError: snapshotError.slice(0, maxText) }),
      ...(process === undefined ? {} : { process: process.slice(0, maxProcess) }),
    },
    drops: fields.boolean('drops'),
    inSync: fields.integer('inSync', count),
    pending: fields.integer('pending', count),
    refused: fields.integer('refused', count),
    unmanaged: fields.integer('unmanaged', count),
    unverified: fields.integer('unverified', count),
    findings: fields
      .objects('findings')
      .slice(0, maxFindings)
      .map((finding) => ({
        kind: finding.field('kind', isKind, `one of ${[...kinds].join(', ')}`),
        text: finding.text('text').slice(0, maxText),
      })),
  };
}

/** As few findings fewer as it takes for the report to fit {@link maxReportBytes}. */
export function writeReport(report: NodeReport): string {
  for (let most = maxFindings; ; most--) {
    const findings = report.findings
      .slice(0, most)
      .map(({ kind, text }) => ({ kind, text: text.slice(0, maxText) }));
    const json = JSON.stringify({ ...report, findings });
    if (Buffer.byteLength(json) <= maxReportBytes || most === 0) return json;
  }
}
