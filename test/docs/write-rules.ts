import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, textOf } from './markdown.js';
import { withLists } from './rules-page.js';

/* npm run rules: writes the lists of tests and of mutants in docs/rules.md again. */

const document = 'docs/rules.md';
writeFileSync(join(root, document), withLists(textOf(document)));
