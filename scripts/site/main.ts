import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readArguments } from '../program-arguments.js';
import { checkInBrowser } from './check-in-browser.js';
import { checkPages } from './check-pages.js';
import { digestsBelow } from './digests-below.js';
import { built, root } from './documents.js';
import { layOutPages } from './lay-out-pages.js';

const help = `npm run site                  site/dist
npm run site -- --base /0.2/  for the folder of a version
npm run site -- --no-check    without the checks in Chromium
npm run site -- --twice       builds it again, and compares the bytes
Makes the documentation site from the documents and the comments of this repository, without a network (but for the first run, which
installs VitePress), and checks it.`;

const { values } = readArguments(help, {
  options: {
    base: { type: 'string', default: '/' },
    'no-check': { type: 'boolean', default: false },
    twice: { type: 'boolean', default: false },
  },
});

function run(command: string, args: readonly string[], cwd = root, env: Record<string, string> = {}): void {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit', env: { ...process.env, ...env } });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit code ${status}`);
}

const site = join(root, 'site');
if (!existsSync(join(site, 'node_modules/vitepress'))) run('npm', ['ci', '--no-audit', '--no-fund'], site);
function build(): ReadonlyMap<string, string> {
  layOutPages();
  run('npx', ['typedoc']);
  run('npx', ['vitepress', 'build'], site, { SITE_BASE: values.base });
  return digestsBelow(built);
}

const digests = build();
const findings = checkPages(built, values.base);
if (findings.length === 0 && !values['no-check'])
  findings.push(...(await checkInBrowser(built, values.base)));
if (values.twice) {
  const again = build();
  for (const file of new Set([...digests.keys(), ...again.keys()]))
    if (digests.get(file) !== again.get(file)) findings.push(`${file}: differs between two builds`);
}
for (const finding of findings) console.error(finding);
console.log(findings.length === 0 ? `${built} is complete` : `${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;
