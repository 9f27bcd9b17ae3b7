import { readFileSync } from 'node:fs';

/** The lines of a file that a real server's responses were recorded in. */
export function recorded<T>(name: string): readonly T[] {
  const text = readFileSync(new URL(`../../fixtures/influxql/${name}`, import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}
