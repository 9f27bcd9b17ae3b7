import { printable } from '../printable.js';
import type { MetadataTree } from './metadata-tree.js';

/** Formats metadata as text: one item per line, its parts indented. */
export function metadataLines({ properties, parts }: MetadataTree): string[] {
  return [...propertyLines(properties, ''), ...parts.flatMap((part) => partLines(part, ''))];
}

/** Formats an item as one line, followed by its parts. */
export function partLines({ label, properties, parts }: MetadataTree, indent: string): string[] {
  const values = [...properties].map(([name, value]) => `${name} ${value}`).join(', ');
  const line = printable(values === '' ? label : `${label}: ${values}`);
  return [`${indent}${line}`, ...parts.flatMap((part) => partLines(part, `${indent}  `))];
}

const propertyLines = (properties: ReadonlyMap<string, string>, indent: string) =>
  [...properties].map(([name, value]) => `${indent}${printable(`${name}: ${value}`)}`);
