import { readFileSync, statSync } from 'node:fs';
import { CfluxError } from '../errors.js';
import type { PasswordSource } from '../influxdb/plan/password-comparer.js';
import { secretText } from '../secret-file.js';
import { parseToml } from '../toml.js';
import { reasonOf } from './file-of.js';

/**
 * Returns passwords by user, from a TOML file and from TOML text (of the environment), which takes precedence. The file is read now, so
 * that errors are reported at the start, and again when it changes, so that a new password needs no restart.
 */
export function passwordsOf(file: string | undefined, text: string | undefined): PasswordSource {
  const given = text === undefined ? {} : parsePasswords(text, 'CFLUX_PASSWORDS');
  if (file === undefined) return (user) => passwordIn(given, user);
  let known = readPasswords(file);
  return (user) => {
    if (stampOf(file) !== known.stamp) known = readPasswords(file);
    return passwordIn(given, user) ?? passwordIn(known.passwords, user);
  };
}

type Passwords = Readonly<Record<string, unknown>>;

function passwordIn(passwords: Passwords, user: string): string | undefined {
  const password = Object.hasOwn(passwords, user) ? passwords[user] : undefined;
  return typeof password === 'string' ? password : undefined;
}

function stampOf(file: string): string {
  const { mtimeMs, size, ino } = statSync(file);
  return `${mtimeMs} ${size} ${ino}`;
}

function readPasswords(file: string): { readonly stamp: string; readonly passwords: Passwords } {
  try {
    const stamp = stampOf(file);
    return { stamp, passwords: parsePasswords(secretText(readFileSync(file)), file) };
  } catch (cause) {
    throw new CfluxError('INVALID_OPTION', `--passwords: ${reasonOf(file, cause)}`, { cause });
  }
}

function parsePasswords(toml: string, source: string): Passwords {
  let passwords: Record<string, unknown>;
  try {
    passwords = parseToml(toml);
  } catch (cause) {
    const why = CfluxError.from(cause).message;
    throw new CfluxError(
      'INVALID_OPTION',
      `${source}: invalid TOML: ${why}; write lines such as "user" = "password"`,
      {
        cause,
      },
    );
  }
  const wrong = Object.entries(passwords).find(([, password]) => typeof password !== 'string');
  if (wrong)
    throw new CfluxError(
      'INVALID_OPTION',
      `${source}: the password of ${wrong[0]} is not a string; quote it`,
    );
  return passwords;
}
