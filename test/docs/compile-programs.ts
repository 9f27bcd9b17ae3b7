import { join } from 'node:path';
import ts from 'typescript';
import type { Program } from './complete-snippet.js';
import { root } from './markdown.js';

/** The diagnostics of the type checker for each program, with the strict configuration of this project, against its entry points. */
export function compilePrograms(programs: readonly Program[]): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, root);
  const files = new Map(programs.map((program, at) => [join(root, `test/docs/snippet-${at}.ts`), program]));
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.getSourceFile = (name, ...rest) => {
    const program = files.get(name);
    return program
      ? ts.createSourceFile(name, program.program, ts.ScriptTarget.Latest, true)
      : getSourceFile.call(host, name, ...rest);
  };
  host.fileExists = (name) => files.has(name) || fileExists.call(host, name);
  const compiled = ts.createProgram([...files.keys()], options, host);
  return [...files].flatMap(([name, { place, program }]) =>
    compiled
      .getSemanticDiagnostics(compiled.getSourceFile(name))
      .concat(compiled.getSyntacticDiagnostics(compiled.getSourceFile(name)))
      .map(({ messageText, start }) => {
        const line = program.slice(0, start).split('\n').at(-1) ?? '';
        const text = ts.flattenDiagnosticMessageText(messageText, '\n');
        return `${place}: ${text}, at: ${line}${program.slice(start).split('\n')[0]}`;
      }),
  );
}
