import { printable } from '../../printable.js';

/** A text from the network: control characters are shown, and its direction ends with it. */
export function Name({ text }: { readonly text: string }) {
  return <bdi class="name">{printable(text)}</bdi>;
}
