import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generatedPages } from './pages.js';

/* npm run reference: writes the pages of docs/reference that are generated from the code. */

const root = new URL('../../', import.meta.url);
for (const { path, text } of generatedPages) writeFileSync(fileURLToPath(new URL(path, root)), text());
