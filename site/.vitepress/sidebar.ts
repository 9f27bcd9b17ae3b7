import { readFileSync } from 'node:fs';

const page = (text: string, link: string) => ({ text, link });
const group = (text: string, ...items: ReturnType<typeof page>[]) => ({ text, items });

/** typedoc writes the entries of the API beside its pages. */
const api = () =>
  JSON.parse(readFileSync(new URL('../pages/api/typedoc-sidebar.json', import.meta.url), 'utf8'));

const guide = [
  group(
    'Tutorials',
    page('Two nodes in five minutes', '/tutorials/two-nodes'),
    page('Three InfluxDB servers, one schema', '/tutorials/three-servers'),
    page('Your first test with a fake manager', '/tutorials/fake-manager'),
  ),
  group(
    'Embed the library',
    page('Several changes as one', '/how-to/several-changes'),
    page('Wait until all nodes have a change', '/how-to/wait-for-nodes'),
    page('Your own meta client', '/how-to/meta-client'),
    page('Your own transport', '/how-to/transport'),
    page('Embed a manager', '/how-to/embed-manager'),
    page('Test', '/how-to/test'),
    page('Log and measure', '/how-to/observe'),
    page('Bun and bundlers', '/how-to/bun-and-bundlers'),
  ),
  group(
    'Follow with live servers',
    page('Agents beside live servers', '/influxdb'),
    page('The gateway', '/gateway'),
    page('Provision and recover a server', '/recover'),
    page('Change a cluster by InfluxQL', '/how-to/change-by-influxql'),
    page('Troubleshoot by message', '/how-to/troubleshoot'),
  ),
  group(
    'Operate',
    page('One manager', '/how-to/one-manager'),
    page('Several managers on etcd', '/several-managers'),
    page('TLS and tokens', '/how-to/tls-and-tokens'),
    page('The dashboard', '/dashboard'),
    page('See what changed, and undo it', '/how-to/roll-back'),
    page('Monitor and alert', '/how-to/monitor'),
    page('Back up and restore', '/how-to/back-up-and-restore'),
    page('Upgrade', '/how-to/upgrade'),
    page('Remove a node', '/how-to/remove-nodes'),
  ),
  group(
    'Reference',
    page('Commands', '/reference/commands'),
    page('Options', '/reference/options'),
    page('Configuration', '/reference/configuration'),
    page('Events', '/reference/events'),
    page('Errors', '/reference/errors'),
    page('Metrics', '/reference/metrics'),
    page('Tokens and scopes', '/reference/tokens'),
    page('Wire protocol', '/protocol'),
    page('Programming interface', '/api/'),
    page('Changelog', '/changelog'),
  ),
  group(
    'Explanation',
    page('How it works', '/explanation/how-it-works'),
    page('Guarantees', '/explanation/guarantees'),
    page('Limits', '/explanation/limits'),
    page('Conflicts and turns', '/explanation/conflicts'),
    page('Epochs and a lost manager', '/explanation/epochs'),
    page('Why shard groups never travel', '/explanation/shard-groups'),
    page('Deltas', '/explanation/deltas'),
    page('Drop orders', '/explanation/drop-orders'),
    page('Security model', '/explanation/security'),
    page('Performance', '/explanation/performance'),
    page('Capacity', '/explanation/capacity'),
    page('Compared with others', '/explanation/comparison'),
  ),
  group(
    'Move to it',
    page('From the Go client of 2016', '/migration/go-client'),
    page('From a cron job', '/migration/cron'),
    page('From a template of your own', '/migration/template'),
  ),
  group(
    'The project',
    page('Design', '/design'),
    page('Rules', '/rules'),
    page('Decisions', '/decisions/'),
    page('Contributing', '/contributing'),
    page('Security', '/security'),
  ),
];

export const sidebar = { '/': guide, '/api/': [{ text: 'Programming interface', items: api() }] };
