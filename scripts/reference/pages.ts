import { commandsPage } from './commands-page.js';
import { errorsPage } from './errors-page.js';

/** The pages that are generated from the code, by their paths. */
export const generatedPages: readonly { readonly path: string; readonly text: () => string }[] = [
  { path: 'docs/reference/commands.md', text: commandsPage },
  { path: 'docs/reference/errors.md', text: errorsPage },
];
