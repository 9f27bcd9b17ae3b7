import { Command } from 'commander';
import { CfluxError, type CfluxErrorCode } from '../../errors.js';
import { nearestName } from '../../nearest-name.js';
import { errorGroups, errorHelp } from '../error-help.js';
import type { Terminal } from '../terminal.js';

const help = `
Errors of the library have the code as their property \`code\`; a command that fails names it.

Example:
  cflux explain UNKNOWN_OUTCOME`;

export function explainCommand(terminal: Terminal): Command {
  return new Command('explain')
    .description('Explain an error code, or list all of them.')
    .argument('[code]', 'the code of an error, such as UNKNOWN_OUTCOME')
    .addHelpText('after', help)
    .action((code: string | undefined) => {
      const lines = code === undefined ? allCodes() : explanation(code.toUpperCase());
      for (const line of lines) terminal.out(line);
    });
}

function allCodes(): readonly string[] {
  return errorGroups.flatMap(({ title, codes }) => [
    `${title}:`,
    ...Object.keys(codes).map((code) => `  ${code}`),
  ]);
}

function explanation(code: string): readonly string[] {
  const known = Object.hasOwn(errorHelp, code) ? errorHelp[code as CfluxErrorCode] : undefined;
  if (known === undefined) throw unknownCode(code);
  return [code, `  ${known.means}`, `  What to do: ${known.remedy}`];
}

function unknownCode(code: string): CfluxError {
  const nearest = nearestName(code, Object.keys(errorHelp));
  const hint = nearest === undefined ? '`cflux explain` lists all error codes' : `did you mean ${nearest}?`;
  return new CfluxError('INVALID_OPTION', `unknown error code ${code}: ${hint}`);
}
