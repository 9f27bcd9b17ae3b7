import type { Condition } from '../model/node-condition.js';
import type { Problem } from '../model/problems.js';
import { Icon, type IconName } from './icon.js';

type Kind = Condition | Problem['kind'];

const marks: Readonly<
  Record<Kind, { readonly icon: IconName; readonly tone: 'bad' | 'warn' | 'good' | 'quiet' }>
> = {
  'no manager': { icon: 'cross', tone: 'bad' },
  store: { icon: 'alarm', tone: 'bad' },
  duplicate: { icon: 'twins', tone: 'bad' },
  silent: { icon: 'cross', tone: 'bad' },
  'server down': { icon: 'down', tone: 'bad' },
  behind: { icon: 'behind', tone: 'warn' },
  findings: { icon: 'note', tone: 'warn' },
  unknown: { icon: 'question', tone: 'quiet' },
  'up to date': { icon: 'check', tone: 'good' },
  left: { icon: 'left', tone: 'quiet' },
};

/** A state as shape, word and colour. */
export function ConditionMark({ kind }: { readonly kind: Kind }) {
  const { icon, tone } = marks[kind];
  return (
    <span class={`mark ${tone}`}>
      <Icon name={icon} />
      {kind}
    </span>
  );
}
