import type { Plugin } from 'vite';
import { allMutants } from './all-mutants.js';
import { mutate } from './mutant.js';

/** The mutant that this process runs with; absent: the sources are as they are. */
const mutantName = process.env['MUTANT'];

/**
 * Returns the source of a file as this process runs it: on disk it is without the mutant.
 *
 * @param path ends with `src/` and the path below
 */
export function sourceWithMutant(path: string, source: string): string {
  if (mutantName === undefined) return source;
  const mutant = allMutants.get(mutantName);
  if (mutant === undefined) throw new Error(`there is no mutant ${mutantName}`);
  return path.endsWith(`src/${mutant.file}`) ? mutate(source, mutant) : source;
}

/** Changes the source of the mutant as it is loaded. */
export function mutantPlugin(): Plugin {
  return { name: 'mutant', enforce: 'pre', transform: (source, id) => sourceWithMutant(id, source) };
}
