import { CfluxError } from '../errors.js';
import { JsonObject } from '../json-object.js';

/** Header of InfluxDB's responses: `1.6.7~rc0`, `v2.7.1`. */
export const versionHeader = 'x-influxdb-version';

/**
 * Throws if `version`, as a server at `url` reports it, is one of InfluxDB 2 or 3, which have no metadata as InfluxDB 1.x has.
 * Builds of one's own report any text, such as `unknown`: they pass.
 */
export function expectVersionOne(version: string | undefined, url: string): void {
  const [, major] = /^v?([0-9]{1,9})\./.exec(version?.slice(0, 40) ?? '') ?? [];
  if (version === undefined || major === undefined || Number(major) < 2) return;
  throw new CfluxError(
    'BAD_ANSWER',
    `the server at ${url} is InfluxDB ${Number(major)} (version ${JSON.stringify(version.slice(0, 40))}): only InfluxDB 1.x can follow a cluster; give the URL of one`,
  );
}

/** The version in the body of `/ping`, where InfluxDB 3 has it. */
export function versionIn(body: string): string | undefined {
  try {
    return JsonObject.parse(body).optionalText('version');
  } catch {
    return undefined;
  }
}
