import type { Plugin } from 'vite';
import { allMutants } from './all-mutants.js';
import { mutate } from './mutant.js';

/** The mutant that this process runs with; absent: the sources are as they are. */
export const mutantName = process.env['MUTANT'];

/** Changes the source of the mutant as it is loaded; on disk it stays as it is. */
export function mutantPlugin(): Plugin {
  const mutant = mutantName === undefined ? undefined : allMutants.get(mutantName);
  if (mutantName !== undefined && mutant === undefined) throw new Error(`there is no mutant ${mutantName}`);
  return {
    name: 'mutant',
    enforce: 'pre',
    transform: (source, id) =>
      mutant !== undefined && id.endsWith(`/src/${mutant.file}`) ? mutate(source, mutant) : undefined,
  };
}
