import { isHelpOpen } from '../state/help.js';
import { shortcuts } from '../state/preferences.js';
import { Sheet } from './sheet.js';

const keys: readonly (readonly [key: string, what: string])[] = [
  ['/', 'find in the view'],
  ['?', 'this help'],
  ['g o', 'overview'],
  ['g n', 'nodes of the cluster'],
  ['g h', 'history of the cluster'],
  ['g d', 'databases of the cluster'],
  ['g u', 'users of the cluster'],
  ['g a', 'activity'],
  ['j, k, arrows', 'next and previous row'],
  ['Enter', 'open the row'],
  ['[, ]', 'older and newer difference'],
  ['c', 'copy the command of the view'],
  ['t', 'local time or UTC'],
  ['Esc', 'close, or leave the field'],
];

/** The keys, and the switch that turns them off. */
export function Help() {
  if (!isHelpOpen.value) return null;
  const close = () => {
    isHelpOpen.value = false;
  };
  return (
    <Sheet title="Keys" onClose={close}>
      <dl class="facts">
        {keys.map(([key, what]) => (
          <>
            <dt key={key}>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </>
        ))}
      </dl>
      <label>
        <input
          type="checkbox"
          checked={shortcuts.value === 'on'}
          onChange={({ currentTarget }) => {
            shortcuts.value = currentTarget.checked ? 'on' : 'off';
          }}
        />{' '}
        Keys of one letter are on
      </label>
    </Sheet>
  );
}
