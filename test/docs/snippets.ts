import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Block, blocksOf, documents, root, textOf } from './markdown.js';

/** A piece of code that documentation shows. */
export interface Snippet {
  /** Where it is, as `README.md:45`. */
  readonly place: string;
  readonly code: string;
  /** It stands in a comment, above the code that it uses: what that code is part of need not be imported. */
  readonly inComment: boolean;
}

/** Files of a tutorial have a label: `npm run tutorials` runs those. */
const isCode = ({ language, label }: Block) => (language === 'ts' || language === 'js') && label === '';

/** Every ts and js block of the documents and of the comments in the sources. */
export function allSnippets(): Snippet[] {
  const inDocuments = documents.flatMap((document) =>
    blocksOf(textOf(document))
      .filter(isCode)
      .map(({ code, line }) => ({ place: `${document}:${line}`, code, inComment: false })),
  );
  const inComments = sources().flatMap((file) =>
    blocksOf(commentsOf(readFileSync(join(root, file), 'utf8')))
      .filter(isCode)
      .map(({ code, line }) => ({ place: `${file}:${line}`, code, inComment: true })),
  );
  return [...inDocuments, ...inComments];
}

const sources = (): string[] =>
  readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join('src', file));

/** A source with nothing left but the text of its comments, on the lines where it was. */
const commentsOf = (source: string): string =>
  source
    .split('\n')
    .map((line) => /^ *\* ?(.*)$/.exec(line)?.[1] ?? '')
    .join('\n');
