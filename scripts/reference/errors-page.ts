import { errorGroups } from '../../src/cli/error-help.js';

const introduction = `# Errors

All errors are \`CfluxError\`s; distinguish them by \`isCfluxError(error, code)\`, which also works if ESM and CommonJS copies are mixed. \`retryable\` means
that the same call may succeed later. \`cflux explain <code>\` prints the sections of this page.

\`\`\`ts
import { isCfluxError } from 'clusterflux';

try {
  await client.dropDatabase('telegraf');
} catch (error) {
  if (!isCfluxError(error, 'UNKNOWN_OUTCOME')) throw error;
  await client.refresh();
  console.log(await client.database('telegraf')); // undefined: it was dropped
}
\`\`\``;

/** Every error code with its meaning and what to do, each below a heading of its own. */
export function errorsPage(): string {
  const sections = errorGroups.flatMap(({ title, codes }) => [
    `## ${title}`,
    ...Object.entries(codes).map(
      ([code, { means, remedy }]) => `### ${code}\n\n${means}\n\n*What to do:* ${remedy}`,
    ),
  ]);
  return `${[introduction, ...sections].join('\n\n')}\n`;
}
