import { spawnSync } from 'node:child_process';
import { describe } from 'vitest';

/** The real servers that `npm run servers` installs. */
export type Server = 'influxd' | 'etcd' | 'chromium';

/** How a suite that was left out for want of a server begins its name; the reporter looks for it. */
export const missingServerMark = 'NOT RUN, no server: ';

const isInstalled = (server: Server) => spawnSync('which', [server]).status === 0;

/**
 * A suite that needs a real server. Without it the suite is left out and listed loudly at the end of the run;
 * with `CI=true` it runs, and so fails.
 */
export function describeWithServer(server: Server, name: string, suite: () => void): void {
  if (isInstalled(server) || process.env['CI'] === 'true') describe(name, suite);
  else describe.skip(`${missingServerMark}${server}: ${name}`, suite);
}
