import ts from 'typescript';
import { parseSource, publicNames } from './public-names.js';
import type { Snippet } from './snippets.js';

/** Names that a snippet may use without declaring them: the objects of its paragraph. */
const given: Record<string, string> = {
  fake: 'const fake = new FakeManager();',
  client: `const client = new CfluxClient(new LocalMetaClient({ bcryptCost: 4 }), { transport: fake.transport });
    await client.open();
    await client.createDatabase('telegraf');
    await client.createUser('telegraf', 'x', false);`,
  manager: 'const manager = new Manager({ store: new MemoryStore() });',
  mirror: "const mirror = new InfluxMirror({ url: 'http://127.0.0.1:8086' });",
  data: 'const data = await client.data();',
};

const parse = (code: string) => parseSource('snippet.ts', code);

const exported = new Map(publicNames().map((each) => [each.name, each]));

/** A snippet as a program of its own. */
export interface Program extends Snippet {
  readonly program: string;
  /** The objects that it made, which must be closed afterwards: in the order in which they were made. */
  readonly made: readonly string[];
}

/** Puts before a snippet what it takes for granted. What a document shows is copied by its readers: it must import by itself. */
export function completeSnippet(snippet: Snippet): Program {
  const prelude: string[] = [];
  const provided = new Set<string>();
  const provide = (name: string): void => {
    const code = given[name];
    if (code === undefined || provided.has(name)) return;
    provided.add(name);
    for (const needed of missingNames(code)) provide(needed);
    prelude.push(code);
  };
  const missing = missingNames(snippet.code);
  for (const name of missing) provide(name);
  const whole = `${prelude.join('\n')}\n${snippet.code}`;
  const assumed = missingNames(prelude.join('\n')).filter((name) => !isImported(name, snippet));
  const names = snippet.inComment
    ? [...assumed, ...missing]
    : assumed.filter((name) => !missing.includes(name));
  const imports = [...new Set(names)].flatMap((name) => {
    const { entry, isType } = exported.get(name) ?? {};
    return entry === undefined ? [] : [`import { ${isType ? 'type ' : ''}${name} } from '${entry}';`];
  });
  return {
    ...snippet,
    program: `${imports.join('\n')}\n${whole}\nexport {};\n`,
    made: declarationsAtTop(whole),
  };
}

const isImported = (name: string, { code }: Snippet) =>
  parse(code).statements.some(
    (each) => ts.isImportDeclaration(each) && new RegExp(`\\b${name}\\b`).test(each.getText()),
  );

/** Names that are used and declared nowhere. */
function missingNames(code: string): string[] {
  const [used, declared] = [new Set<string>(), new Set<string>()];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const isName = 'name' in parent && parent.name === node;
      if (ts.isShorthandPropertyAssignment(parent) || !isName) used.add(node.text);
      else if (!ts.isPropertyAccessExpression(parent) && !ts.isPropertyAssignment(parent))
        declared.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(parse(code));
  return [...used].filter((name) => !declared.has(name));
}

function declarationsAtTop(code: string): string[] {
  return parse(code).statements.flatMap((statement) =>
    ts.isVariableStatement(statement)
      ? statement.declarationList.declarations.flatMap(({ name }) =>
          ts.isIdentifier(name) ? [name.text] : [],
        )
      : [],
  );
}
