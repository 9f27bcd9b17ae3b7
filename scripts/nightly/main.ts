import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { nightlySteps } from './steps.js';

/*
 * npm run nightly                  all steps, each to its end, also after one failed
 * npm run nightly -- fuzz kills    those alone
 * npm run nightly -- --list        what there is
 */

const { values, positionals } = parseArgs({
  options: { list: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const say = (line: string) => process.stdout.write(`${line}\n`);

const unknown = positionals.filter((name) => !nightlySteps.some((step) => step.name === name));
if (values.list || unknown.length > 0) {
  if (unknown.length > 0) say(`no such step: ${unknown.join(', ')}; there are:`);
  for (const { name, what } of nightlySteps) say(`${name.padEnd(14)} ${what}`);
  process.exit(unknown.length > 0 ? 2 : 0);
}

const results: string[] = [];
for (const { name, command, env } of nightlySteps) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const [program = '', ...args] = command;
  say(
    `\n=== ${name}: ${[...Object.entries(env ?? {}).map(([key, value]) => `${key}=${value}`), ...command].join(' ')}`,
  );
  const begin = Date.now();
  const { status, error } = spawnSync(program, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  const ended = error ? error.message : status === 0 ? 'good' : `FAILED (exit code ${status})`;
  results.push(`${name.padEnd(14)} ${ended}, ${Math.round((Date.now() - begin) / 1000)} s`);
  if (status !== 0) process.exitCode = 1;
}
say(`\n${results.join('\n')}`);
