// Entry point, called by `myst build --html`: reads the page content that mystmd left in its build
// folder and writes the finished site beside it. Any problem stops the build with page and cause.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { makeContext } from './context.mjs';
import { cover } from './cover.mjs';
import { isAddress, pageFile } from './html.mjs';
import { searchIndex } from './index.mjs';
import { KATEX, katexCss, sharedStyles } from './katex.mjs';
import { MARK, layout, outline } from './page.mjs';

const theme = dirname(fileURLToPath(import.meta.url));
const out = process.env.BUILD_DIRECTORY;
const site = join(out, '..', 'site');
const readJson = (...parts) => JSON.parse(readFileSync(join(site, ...parts), 'utf8'));

const FONTS = [
  ...['400-normal', '400-italic', '600-normal'].map((name) => ['source-serif-4', `latin-${name}`]),
  ['source-serif-4', 'greek-400-normal'],
  ...['400-normal', '600-normal'].map((name) => ['source-sans-3', `latin-${name}`]),
  ['source-code-pro', 'latin-400-normal'],
].map(([font, name]) => join(theme, 'node_modules/@fontsource', font, 'files', `${font}-${name}.woff2`));

/** One style sheet (KaTeX's own, what its formulas share, ours), the scripts, the words to search in.
 * Returns a hash for their addresses. */
function writeAssets(words) {
  const assets = join(out, 'assets');
  mkdirSync(join(assets, 'fonts'), { recursive: true });
  const ours = (...parts) => readFileSync(join(theme, ...parts), 'utf8');
  const written = {
    'book.css': [katexCss, sharedStyles(), ours('style.css'), ours('reader/reader.css')].join('\n'),
    'page.js': ours('page.js'),
    'search.json': JSON.stringify(words),
  };
  for (const name of readdirSync(join(theme, 'reader'))) {
    if (name.endsWith('.mjs')) written[name] = ours('reader', name);
  }
  for (const [name, text] of Object.entries(written)) writeFileSync(join(assets, name), text);
  writeFileSync(join(assets, 'mark.svg'), MARK.replace('<svg', '<svg xmlns="http://www.w3.org/2000/svg" color="#3b6ea5"'));
  const katexFonts = [...katexCss.matchAll(/url\((fonts\/[^)]*)\)/g)].map((match) => join(KATEX, match[1]));
  for (const file of new Set([...FONTS, ...katexFonts])) {
    copyFileSync(file, join(assets, 'fonts', basename(file)));
  }
  return createHash('sha256').update(Object.values(written).join('\n')).digest('hex').slice(0, 8);
}

const config = readJson('config.json');
const project = config.projects[0];
const slugs = [project.index, ...project.pages.map((page) => page.slug).filter(Boolean)];
const pages = new Map(slugs.map((slug) => [slug, readJson('content', `${slug}.json`)]));
const book = { ...project, title: config.title ?? project.title, outline: outline(project, pages) };

const rendered = [...pages.values()].map((page) => {
  const ctx = makeContext(page, join(site, 'public'));
  return { page, ctx, body: ctx.render([page.mdast]) };
});
for (const entry of book.outline.flatMap((part) => part.pages)) {
  entry.exercises = rendered.find(({ page }) => page.slug === entry.slug).ctx.exercises;
}
const version = writeAssets(searchIndex(book, pages));
const problems = [];
const files = new Set();
for (const { page, ctx, body } of rendered) {
  writeFileSync(join(out, pageFile(page.slug)), layout({ book, page, ctx, body, art: cover(), version }));
  problems.push(...ctx.problems.map((problem) => `${page.location}: ${problem}`));
  for (const url of ctx.assets) files.add(url);
  for (const file of page.frontmatter.downloads ?? []) if (!isAddress(file.url)) files.add(file.url);
}
mkdirSync(join(out, 'build'), { recursive: true });
for (const url of files) copyFileSync(join(site, 'public', url), join(out, 'build', url));
if (problems.length) {
  console.error(problems.join('\n'));
  process.exit(1);
}
