import { useSignal } from '@preact/signals';
import { command } from '../model/commands.js';
import { access } from '../state/session.js';
import { Icon } from './icon.js';

export interface CopyCommandProps {
  readonly name: string;
  readonly args?: readonly (string | number)[];
  /** Such as `--dry-run`; a value in it must be quoted already. */
  readonly flags?: readonly string[];
  /** What the command shows, if that is less than the view does. */
  readonly about?: string;
}

/** The command that prints the contents of the view. */
export function CopyCommand({ name, args = [], flags, about }: CopyCommandProps) {
  const text = command(access.value.base, name, args, flags);
  return (
    <div class="command">
      {about !== undefined && <span>{about}</span>}
      <code>{text}</code>
      <CopyButton text={text} label="Copy command" isForKey />
    </div>
  );
}

export function CopyButton({
  text,
  label,
  isForKey = false,
}: {
  readonly text: string;
  readonly label: string;
  readonly isForKey?: boolean;
}) {
  const isCopied = useSignal(false);
  const onClick = async () => {
    await copy(text);
    isCopied.value = true;
    setTimeout(() => {
      isCopied.value = false;
    }, 2_000);
  };
  return (
    <button type="button" class="quiet" onClick={onClick} data-key={isForKey ? 'copy' : undefined}>
      <Icon name={isCopied.value ? 'check' : 'copy'} />
      <span aria-live="polite">{isCopied.value ? 'Copied' : label}</span>
    </button>
  );
}

async function copy(text: string): Promise<void> {
  // Without https the browser has no clipboard for pages, but still the old command.
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text);
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'off-screen';
  const { activeElement } = document;
  document.body.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
  if (activeElement instanceof HTMLElement) activeElement.focus();
}
