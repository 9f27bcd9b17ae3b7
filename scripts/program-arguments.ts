import { type ParseArgsConfig, parseArgs } from 'node:util';

/** Ends the program: it was not called as `help` says. */
export function refuse(why: string, help: string): never {
  process.stderr.write(`${why}\n\n${help}\n`);
  process.exit(2);
}

/** Reads the arguments of one of this project's programs; with `--help` it ends after printing how to call it. */
export function readArguments<const Config extends Pick<ParseArgsConfig, 'options' | 'allowPositionals'>>(
  help: string,
  config: Config,
) {
  if (process.argv.includes('--help')) {
    process.stdout.write(`${help}\n`);
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error), help);
  }
}

/** Refuses unknown names: a program that ignored them would seem to succeed. */
export function checkNames(
  names: readonly string[],
  isKnown: (name: string) => boolean,
  { what, help }: { readonly what: string; readonly help: string },
): void {
  const unknown = names.filter((name) => !isKnown(name));
  if (unknown.length > 0) refuse(`no such ${what}: ${unknown.join(', ')}`, help);
}
