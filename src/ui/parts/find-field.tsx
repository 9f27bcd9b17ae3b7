import { Icon } from './icon.js';

export interface FindFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (text: string) => void;
}

/** The search field of a view; the key `/` leads to it. */
export function FindField({ label, value, onInput }: FindFieldProps) {
  return (
    <label class="find">
      <Icon name="search" />
      <span class="off-screen">{label}</span>
      <input
        type="search"
        placeholder={label}
        value={value}
        data-key="find"
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
    </label>
  );
}
