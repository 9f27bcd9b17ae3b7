import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel, type IConfigFile } from '@microsoft/api-extractor';
import { readArguments } from '../program-arguments.js';

const help = `npm run api             writes the report of each entry point's public API, from the types in dist
npm run api -- --check  fails where a report differs from the types`;

const root = resolve(import.meta.dirname, '../..');
const reports = 'scripts/api/reports';
const { check: isCheck } = readArguments(help, { options: { check: { type: 'boolean' } } }).values;

interface Entry {
  readonly import?: { readonly types: string };
}

const { exports }: { exports: Record<string, Entry | string> } = JSON.parse(
  readFileSync(resolve(root, 'package.json'), 'utf8'),
);

/** Of each entry point: what its report is called, and where its types are. */
const entries = Object.entries(exports).flatMap(([path, entry]) =>
  typeof entry === 'object' && entry.import ? [[path.slice(2) || 'index', entry.import.types] as const] : [],
);

const silent = { default: { logLevel: ExtractorLogLevel.None } };

const configOf = (name: string, types: string): IConfigFile => ({
  projectFolder: root,
  mainEntryPointFilePath: resolve(root, types),
  compiler: { tsconfigFilePath: resolve(root, 'tsconfig.json'), skipLibCheck: true },
  apiReport: {
    enabled: true,
    reportFileName: name,
    reportFolder: resolve(root, reports),
    reportTempFolder: resolve(root, 'node_modules/.cache/api-reports'),
  },
  docModel: { enabled: false },
  dtsRollup: { enabled: false },
  tsdocMetadata: { enabled: false },
  newlineKind: 'lf',
  messages: {
    compilerMessageReporting: silent,
    tsdocMessageReporting: silent,
    // Their texts contain the names of chunks, which change with every build.
    extractorMessageReporting: silent,
  },
});

const changed: string[] = [];
for (const [name, types] of entries) {
  const extractorConfig = ExtractorConfig.prepare({
    configObject: configOf(name, types),
    configObjectFullPath: undefined,
    packageJsonFullPath: resolve(root, 'package.json'),
  });
  const { apiReportChanged } = Extractor.invoke(extractorConfig, {
    localBuild: !isCheck,
    messageCallback: (message) => {
      message.handled = true;
    },
  });
  if (apiReportChanged) changed.push(`${reports}/${name}.api.md`);
}

console.log(
  `${entries.length} entry points, ${changed.length} reports differ: ${changed.join(', ') || 'none'}`,
);
if (isCheck && changed.length > 0) {
  console.error(
    'the public API changed: if that is meant, run `npm run api`, look at the difference, and commit it',
  );
  process.exitCode = 1;
}
