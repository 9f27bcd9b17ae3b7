import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitepress';
import { slugOf } from '../../scripts/site/slug-of.js';
import { tokensOf } from '../../scripts/site/tokens-of.js';
import { sidebar } from './sidebar.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

/** Of a page of the API only the headings are searched: its bodies would be most of the index. */
const headings = (markdown: string) => markdown.replace(/^(?!#).*$/gm, '');

export default defineConfig({
  title: 'clusterflux',
  description: 'One metadata for several InfluxDB 1.x servers',
  base: process.env['SITE_BASE'] ?? '/',
  srcDir: 'pages',
  outDir: 'dist',
  cleanUrls: false,
  // GitHub shows the same files: headings have the same anchors there.
  markdown: {
    anchor: { slugify: slugOf },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    languageAlias: { httphex: 'http' },
    shikiSetup(shiki) {
      // Otherwise a block that takes half a second on a busy machine gets no colours, and two builds differ.
      const { codeToHtml } = shiki;
      shiki.codeToHtml = (code, options) => codeToHtml(code, { ...options, tokenizeTimeLimit: 0 });
    },
  },
  // One page after the other: the order of the search index would differ between two builds.
  buildConcurrency: 1,
  themeConfig: {
    nav: [
      { text: 'Tutorials', link: '/tutorials/two-nodes' },
      { text: 'How to', link: '/how-to/several-changes' },
      { text: 'Reference', link: '/reference/commands' },
      { text: 'Explanation', link: '/explanation/how-it-works' },
      { text: 'API', link: '/api/' },
    ],
    sidebar,
    outline: [2, 3],
    search: {
      provider: 'local',
      options: {
        miniSearch: {
          options: { tokenize: tokensOf },
          searchOptions: {
            combineWith: 'AND',
            fuzzy: false,
            // What explains comes before what declares or uses.
            boostDocument: (place: string) => (/\/(?:api|examples|changelog)\b/.test(place) ? 0.2 : 1),
          },
        },
        _render: (markdown, env, renderer) =>
          renderer.render(env.relativePath.startsWith('api/') ? headings(markdown) : markdown, env),
      },
    },
    version,
  },
});
