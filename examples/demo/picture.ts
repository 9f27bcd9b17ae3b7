import { shortVersion } from './screen.js';
import type { Shown } from './verdict.js';

export interface PictureParts {
  readonly managerKills: number;
  readonly nodes: readonly {
    readonly name: string;
    readonly kills: number;
    readonly conflicts: number;
    readonly shown: Shown;
  }[];
}

const column = 20;

const centred = (text: string, width: number) => {
  const left = Math.max(0, Math.floor((width - text.length) / 2));
  return (' '.repeat(left) + text).padEnd(width);
};

const killed = (times: number) =>
  times === 0 ? 'never killed' : `killed ${times === 1 ? 'once' : `${times} times`}`;

/** Draws the manager and, below it, what each node has. */
export function picture({ managerKills, nodes }: PictureParts): readonly string[] {
  const width = column * nodes.length;
  const row = (textOf: (node: PictureParts['nodes'][number]) => string) =>
    nodes.map((node) => centred(textOf(node), column)).join('');
  const half = Math.floor(column / 2);
  const beam = ' '.repeat(half) + '─'.repeat(width - column) + ' '.repeat(column - half);
  const joints = new Map(nodes.map((_, at) => [half + at * column, at === 0 ? '┌' : '┬']));
  joints.set(half + (nodes.length - 1) * column, '┐');
  const middle = half + Math.floor(nodes.length / 2) * column;
  joints.set(middle, '┼');
  return [
    centred('manager', width),
    centred(killed(managerKills), width),
    [...beam].map((char, at) => joints.get(at) ?? char).join(''),
    row(({ name }) => name),
    row(({ kills }) => killed(kills)),
    row(({ shown }) => `version ${shortVersion(shown.version)}`),
    row(({ shown }) => `${shown.entries.length} changes`),
    row(({ conflicts }) => `conflicts: ${conflicts}`),
    row(({ shown }) => `digest ${shown.digest.slice(0, 4)}…`),
  ].map((line) => line.trimEnd());
}
