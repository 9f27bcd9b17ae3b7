type Scalar = 'cluster' | 'dir' | 'bindAddress' | 'token';
type Milliseconds = 'heartbeatInterval' | 'pollWait' | 'mutationTimeout';

/** One setting and its name in each source, in order of precedence; the file's and `INFLUXDB_…` names are those of the legacy client. */
export interface Setting {
  readonly option: Scalar | Milliseconds | 'endpoint' | 'startOffline' | 'reads' | 'maxBackups';
  readonly flag: string;
  readonly env: readonly string[];
  readonly key: string;
  readonly read: (value: unknown) => unknown;
  readonly wanted: string;
}

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);

const texts = (value: unknown) => {
  const parts = typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value;
  if (!Array.isArray(parts) || parts.length === 0 || !parts.every((part) => text(part) && URL.canParse(part)))
    return undefined;
  return parts.length === 1 ? parts[0] : parts;
};

export const truth = (value: unknown) =>
  value === true || value === 'true' || value === ''
    ? true
    : value === false || value === 'false'
      ? false
      : undefined;

const units: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
]);

const milliseconds = (value: unknown) => {
  if (typeof value === 'number') return value > 0 && Number.isFinite(value) ? value : undefined;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text(value) ?? '');
  const result = Number(match?.[1]) * (units.get(match?.[2] ?? 'ms') ?? Number.NaN);
  return result > 0 ? result : undefined;
};

const count = (value: unknown) => {
  const result = typeof value === 'number' || /^\d+$/.test(text(value) ?? '') ? Number(value) : 0;
  return Number.isSafeInteger(result) && result > 0 ? result : undefined;
};

const url = 'an http or https URL, or several separated by commas';
const time = 'a time such as 5000, 5s or 500ms';

export const settings: readonly Setting[] = [
  named(
    'cluster',
    'cluster',
    ['CLUSTER', 'INFLUXDB_CLUSTERFLUX_CLUSTER_NAME'],
    'cluster-name',
    text,
    'a name',
  ),
  named(
    'endpoint',
    'endpoint',
    ['CFLUX_ENDPOINT', 'INFLUXDB_CLUSTERFLUX_CLUSTERFLUX_ENDPOINT'],
    'clusterflux-endpoint',
    texts,
    url,
  ),
  named('dir', 'dir', ['INFLUXDB_CLUSTERFLUX_DIR'], 'dir', text, 'a path'),
  named(
    'bindAddress',
    'bind-address',
    ['INFLUXDB_CLUSTERFLUX_BIND_ADDRESS'],
    'bind-address',
    text,
    'host:port',
  ),
  named('token', 'token', ['CFLUX_TOKEN'], 'token', text, 'a token'),
  named(
    'heartbeatInterval',
    'heartbeat-interval',
    ['CFLUX_HEARTBEAT_INTERVAL'],
    'heartbeat-interval',
    milliseconds,
    time,
  ),
  named('pollWait', 'poll-wait', ['CFLUX_POLL_WAIT'], 'poll-wait', milliseconds, time),
  named(
    'mutationTimeout',
    'mutation-timeout',
    ['CFLUX_MUTATION_TIMEOUT'],
    'mutation-timeout',
    milliseconds,
    time,
  ),
  named('maxBackups', 'max-backups', ['CFLUX_MAX_BACKUPS'], 'max-backups', count, 'a whole number above 0'),
  named('startOffline', 'start-offline', ['CFLUX_START_OFFLINE'], 'start-offline', truth, 'true or false'),
];

function named(
  option: Setting['option'],
  flag: string,
  env: readonly string[],
  key: string,
  read: Setting['read'],
  wanted: string,
): Setting {
  return { option, flag: `--${flag}`, env, key, read, wanted };
}
