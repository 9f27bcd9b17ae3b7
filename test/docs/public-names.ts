import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { root } from './markdown.js';

/** The entry points of the package. */
const entries: Record<string, string> = {
  clusterflux: 'src/index.ts',
  'clusterflux/manager': 'src/manager/index.ts',
  'clusterflux/influxql': 'src/influxql/index.ts',
  'clusterflux/influxdb': 'src/influxdb/index.ts',
  'clusterflux/gateway': 'src/gateway/index.ts',
  'clusterflux/testing': 'src/testing/index.ts',
};

/** A name that users can import. */
export interface PublicName {
  readonly name: string;
  readonly entry: string;
  /** The source that declares it. */
  readonly file: string;
  readonly isType: boolean;
}

export const parseSource = (file: string, code = readFileSync(join(root, file), 'utf8')) =>
  ts.createSourceFile(file, code, ts.ScriptTarget.Latest, true);

/** Everything that the entry points export; they have named re-exports only. */
export function publicNames(): PublicName[] {
  return Object.entries(entries).flatMap(([entry, index]) =>
    parseSource(index).statements.flatMap((statement) => {
      if (!ts.isExportDeclaration(statement) || !statement.moduleSpecifier) return [];
      const { exportClause, isTypeOnly } = statement;
      if (exportClause === undefined || !ts.isNamedExports(exportClause))
        throw new Error(`${index} exports all`);
      const specifier = statement.moduleSpecifier.getText().slice(1, -1);
      const file = join(dirname(index), specifier.replace(/\.js$/, '.ts'));
      return exportClause.elements.map((element) => ({
        name: element.name.text,
        entry,
        file,
        isType: isTypeOnly || element.isTypeOnly,
      }));
    }),
  );
}

/** The comments above the classes and functions that users can import. */
export function commentsOfCallables(): { readonly name: string; readonly comment: string }[] {
  return publicNames().flatMap(({ name, file }) =>
    parseSource(file)
      .statements.filter(
        (statement) =>
          (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) &&
          statement.name?.text === name,
      )
      // Callers see the overloads of a function, and not its implementation.
      .filter(
        (declaration, _, all) =>
          all.length === 1 || !ts.isFunctionDeclaration(declaration) || declaration.body === undefined,
      )
      .map((declaration) => ({
        name,
        comment: ts
          .getJSDocCommentsAndTags(declaration)
          .map((each) => each.getText())
          .join('\n'),
      })),
  );
}

/** The sources of the entry points. */
export const entryFiles: readonly string[] = Object.values(entries);
