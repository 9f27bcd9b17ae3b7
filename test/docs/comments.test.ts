import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { root } from './markdown.js';
import { entryFiles } from './public-names.js';

const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, root);
const program = ts.createProgram(
  entryFiles.map((file) => join(root, file)),
  options,
);
const checker = program.getTypeChecker();

/** What an editor shows of a symbol, comments of what it implements included. */
const hasComment = (symbol: ts.Symbol) =>
  symbol.getDocumentationComment(checker).length > 0 || symbol.getJsDocTags(checker).length > 0;

const isOurs = (symbol: ts.Symbol) =>
  symbol.declarations?.some((each) => each.getSourceFile().fileName.startsWith(join(root, 'src'))) ?? false;

/** The methods of a class or interface; without those that are private. */
function methodsOf(symbol: ts.Symbol): ts.Symbol[] {
  const type = checker.getDeclaredTypeOfSymbol(symbol);
  if (!type.isClassOrInterface()) return [];
  return checker
    .getPropertiesOfType(type)
    .filter((each) => isOurs(each) && !each.name.includes('#'))
    .filter((each) =>
      each.declarations?.some((one) => ts.isMethodDeclaration(one) || ts.isMethodSignature(one)),
    );
}

function uncommented(file: string): string[] {
  const source = program.getSourceFile(join(root, file));
  const module = source && checker.getSymbolAtLocation(source);
  return (module ? checker.getExportsOfModule(module) : []).flatMap((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const missing = methodsOf(symbol).filter((method) => !hasComment(method));
    return [
      ...(hasComment(symbol) ? [] : [symbol.name]),
      ...missing.map((method) => `${symbol.name}.${method.name}`),
    ];
  });
}

describe('every public export has a description', () => {
  it.each(entryFiles)('%s', (file) => {
    expect(uncommented(file)).toEqual([]);
  });
});
