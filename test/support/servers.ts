import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe } from 'vitest';

/** The real servers that `npm run servers` installs. */
export type Server = 'influxd' | 'influx' | 'etcd' | 'chromium' | 'haproxy' | 'nginx';

/** How a suite that was left out for want of something begins its name; the reporter looks for it. */
export const missingMark = 'NOT RUN, no ';

/** Whether a server is installed; the variable INFLUXD names another `influxd` to test with. */
const isInstalled = (server: Server) =>
  spawnSync('which', [(server === 'influxd' ? process.env['INFLUXD'] : undefined) ?? server]).status === 0;

/**
 * A suite that needs a real server. Without it the suite is left out and listed loudly at the end of the run;
 * with `CI=true` it runs, and so fails.
 */
export function describeWithServer(server: Server, name: string, suite: () => void): void {
  describeWhere(isInstalled(server), `server ${server}`, name, suite);
}

/** A suite that needs a module of an interpreter in /usr/bin, from a Debian package; treated as {@link describeWithServer} treats a missing server. */
export function describeWithModule(
  interpreter: 'python3',
  module: string,
  debianPackage: string,
  name: string,
  suite: () => void,
): void {
  const isThere = spawnSync(`/usr/bin/${interpreter}`, ['-c', `import ${module}`]).status === 0;
  describeWhere(isThere, `package ${debianPackage}`, name, suite);
}

/** Where Debian puts the sources of Go packages. */
export const goPath = '/usr/share/gocode';

/** A suite that compiles a program with a Go package from Debian; treated as {@link describeWithServer} treats a missing server. */
export function describeWithGo(
  { path, debianPackage }: { readonly path: string; readonly debianPackage: string },
  name: string,
  suite: () => void,
): void {
  const isThere = spawnSync('which', ['go']).status === 0 && existsSync(`${goPath}/src/${path}`);
  describeWhere(isThere, `Go with its package ${debianPackage}`, name, suite);
}

/** What this machine may not let a test do; both need root's rights. */
export type Facility = 'tmpfs' | 'network namespaces';

const attempts: Readonly<Record<Facility, string>> = {
  tmpfs: 'd=$(mktemp -d) && mount -t tmpfs -o size=1m tmpfs "$d" && umount "$d"; r=$?; rmdir "$d"; exit $r',
  'network namespaces':
    'n=cflux-try-$$; ip netns add $n && ip netns exec $n true; r=$?; ip netns del $n; exit $r',
};

const isAllowed = (facility: Facility) =>
  spawnSync('sh', ['-c', attempts[facility]], { stdio: 'ignore' }).status === 0;

/** A suite that needs a facility of the machine; treated as {@link describeWithServer} treats a missing server. */
export function describeWithFacility(facility: Facility, name: string, suite: () => void): void {
  describeWhere(isAllowed(facility), facility, name, suite);
}

function describeWhere(isThere: boolean, what: string, name: string, suite: () => void): void {
  const isRun = isThere || process.env['CI'] === 'true';
  if (process.env['CFLUX_TESTS'] !== 'unit' && isRun) describe(name, suite);
  else leaveOut(what, name, suite);
}

function leaveOut(what: string, name: string, suite: () => void): void {
  if (process.env['CFLUX_TESTS'] === 'unit')
    describe.skip(`left to npm test, because it needs ${what}: ${name}`, suite);
  else describe.skip(`${missingMark}${what}: ${name}`, suite);
}
