import { CfluxError } from '../../errors.js';
import { JsonObject } from '../../json-object.js';

/** Header of InfluxDB's responses: `1.6.7~rc0`, `v2.7.1`. */
export const versionHeader = 'x-influxdb-version';

/**
 * Throws if `version`, as reported by the server at `url`, is one of InfluxDB 2 or 3, whose metadata is different. Custom builds
 * that report any other text, such as `unknown`, are accepted.
 */
export function expectVersionOne(version: string | undefined, url: string): void {
  const [, major] = /^v?([0-9]{1,9})\./.exec(version?.slice(0, 40) ?? '') ?? [];
  if (version === undefined || major === undefined || Number(major) < 2) return;
  throw new CfluxError(
    'BAD_ANSWER',
    `the server at ${url} is InfluxDB ${Number(major)} (version ${JSON.stringify(version.slice(0, 40))}): only InfluxDB 1.x can follow a cluster; use the URL of one`,
  );
}

/** Returns the version in the body of `/ping`, where InfluxDB 3 reports it. */
export function versionIn(body: string): string | undefined {
  try {
    return JsonObject.parse(body).optionalText('version');
  } catch {
    return undefined;
  }
}
