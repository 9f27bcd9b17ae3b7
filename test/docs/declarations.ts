import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from './markdown.js';

const parse = (file: string) =>
  ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest, true);

function find<Node extends ts.Node>(file: string, is: (node: ts.Node) => node is Node, name: string): Node {
  const found = parse(file).statements.find(
    (statement): statement is ts.Statement & Node =>
      is(statement) && 'name' in statement && (statement.name as ts.Node | undefined)?.getText() === name,
  );
  if (found === undefined) throw new Error(`${file} declares no ${name}`);
  return found;
}

/** A property of an interface, and the default in its comment. */
export interface Property {
  readonly name: string;
  readonly defaultText: string | undefined;
}

/** The properties of an interface that are its own. */
export function propertiesOf(file: string, name: string): Property[] {
  return find(file, ts.isInterfaceDeclaration, name).members.map((member) => {
    const comment = ts
      .getJSDocCommentsAndTags(member)
      .map((each) => each.getText())
      .join(' ');
    return {
      name: member.name?.getText() ?? '',
      defaultText: /[Dd]efault: ([^;]*?)(?:[.;]\s|\.? \*\/)/.exec(comment.replace(/\s+\*? ?/g, ' '))?.[1],
    };
  });
}

/** The fields of the first argument of each event in an interface of events, with those of what they are made of. */
export function payloads(file: string, name: string): Map<string, string[]> {
  const program = ts.createProgram([join(root, file)], {
    strict: true,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    skipLibCheck: true,
    types: [],
  });
  const source = program.getSourceFile(join(root, file));
  const checker = program.getTypeChecker();
  const declaration = source?.statements.find(
    (each): each is ts.InterfaceDeclaration => ts.isInterfaceDeclaration(each) && each.name.text === name,
  );
  if (declaration === undefined) throw new Error(`${file} declares no ${name}`);
  return new Map(
    declaration.members.map((member) => {
      const tuple = ts.isPropertySignature(member) ? member.type : undefined;
      const first = tuple && ts.isTupleTypeNode(tuple) ? tuple.elements[0] : undefined;
      const fields = first ? checker.getPropertiesOfType(checker.getTypeFromTypeNode(first)) : [];
      return [member.name?.getText() ?? '', fields.map((field) => field.name)] as const;
    }),
  );
}
