/** One thing that a reader of a tutorial does, or sees. */
export type Step =
  | { readonly kind: 'file'; readonly name: string; readonly text: string; readonly line: number }
  /** Typed in the reader's own terminal, and ends. */
  | { readonly kind: 'command'; readonly text: string; readonly line: number }
  /** Typed in a terminal of its own, and goes on. */
  | { readonly kind: 'start'; readonly terminal: string; readonly text: string; readonly line: number }
  | { readonly kind: 'interrupt'; readonly terminal: string; readonly line: number }
  /** Lines of the output of a terminal, or of what was typed last. */
  | {
      readonly kind: 'output';
      readonly terminal: string | undefined;
      readonly lines: readonly string[];
      readonly line: number;
    };

/**
 * The steps of a tutorial, in its order. A block is labelled behind its language: with the name of a file to write, or with the terminal
 * in which it is typed or shown. `**Ctrl+C in terminal 1**` ends what runs there.
 */
export function stepsOf(markdown: string): Step[] {
  const pattern = /^```(\w+)(?: \[([^\]]+)\])?\n([\s\S]*?)^```$|\*\*Ctrl\+C in (terminal \d+)\*\*/gm;
  return [...markdown.matchAll(pattern)].map(({ 1: language, 2: label, 3: text = '', 4: ended, index }) => {
    const line = markdown.slice(0, index).split('\n').length;
    if (ended !== undefined) return { kind: 'interrupt', terminal: ended, line };
    if (language === 'text')
      return { kind: 'output', terminal: label, lines: text.trimEnd().split('\n'), line };
    if (label?.startsWith('terminal ')) return { kind: 'start', terminal: label, text, line };
    if (label !== undefined) return { kind: 'file', name: label, text, line };
    if (language === 'sh') return { kind: 'command', text, line };
    throw new Error(`line ${line}: a block of ${language} without a label`);
  });
}
