import { describe, expect, it } from 'vitest';
import { generatedPages } from '../../scripts/reference/pages.js';
import { textOf } from './markdown.js';

describe('generated pages of the reference', () => {
  it.each(generatedPages)(
    '$path is what the code has now (`npm run reference` writes it)',
    ({ path, text }) => {
      expect(textOf(path)).toBe(text());
    },
  );
});
