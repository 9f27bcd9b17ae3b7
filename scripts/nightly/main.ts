import { spawnSync } from 'node:child_process';
import { checkNames, readArguments } from '../program-arguments.js';
import { nightlySteps } from './steps.js';

const list = nightlySteps.map(({ name, what }) => `${name.padEnd(14)} ${what}`).join('\n');
const help = `npm run nightly                all steps, each to its end, also after one failed
npm run nightly -- fuzz kills  those alone
npm run nightly -- --list      only lists them

${list}`;

const { values, positionals } = readArguments(help, {
  options: { list: { type: 'boolean' } },
  allowPositionals: true,
});
checkNames(positionals, (name) => nightlySteps.some((step) => step.name === name), { what: 'step', help });
const say = (line: string) => process.stdout.write(`${line}\n`);
if (values.list) {
  say(list);
  process.exit();
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
