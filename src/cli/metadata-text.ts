import { printable } from '../printable.js';
import type { MetadataTree } from './metadata-tree.js';

/** A metadata for people, one thing a line, what belongs to it further right. */
export function metadataLines({ properties, parts }: MetadataTree): string[] {
  return [...propertyLines(properties, ''), ...parts.flatMap((part) => partLines(part, ''))];
}

/** One thing on one line, with all that is in it below. */
export function partLines({ label, properties, parts }: MetadataTree, indent: string): string[] {
  const values = [...properties].map(([name, value]) => `${name} ${value}`).join(', ');
  const line = printable(values === '' ? label : `${label}: ${values}`);
  return [`${indent}${line}`, ...parts.flatMap((part) => partLines(part, `${indent}  `))];
}

const propertyLines = (properties: ReadonlyMap<string, string>, indent: string) =>
  [...properties].map(([name, value]) => `${indent}${printable(`${name}: ${value}`)}`);
