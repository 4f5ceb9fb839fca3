// KaTeX writes for every case; a book has a thousand formulas. This keeps what a reader's browser
// uses: classes that the style sheet knows, inline styles as shared classes, MathML without its copy
// of the TeX. The page looks the same and is a third smaller.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const KATEX = join(dirname(fileURLToPath(import.meta.url)), 'node_modules/katex/dist');

/** KaTeX's own style sheet, with woff2 fonts only. */
export const katexCss = readFileSync(join(KATEX, 'katex.min.css'), 'utf8')
  .replace(/,url\([^)]*\.(woff|ttf)\) format\("[a-z]+"\)/g, '');

const known = new Set([...katexCss.matchAll(/\.([a-zA-Z][\w-]*)/g)].map((match) => match[1]));
const styles = new Map();

function shared(style) {
  if (!styles.has(style)) styles.set(style, `k${styles.size.toString(36)}`);
  return styles.get(style);
}

export function compact(html) {
  return html
    .replace(/ xmlns="http:\/\/www\.w3\.org\/1998\/Math\/MathML"|<\/?semantics>|<annotation.*?<\/annotation>/gs, '')
    .replace(/<span([^>]*)>/g, (_, attributes) => {
      const style = attributes.match(/ style="([^"]*)"/)?.[1];
      const kept = (attributes.match(/ class="([^"]*)"/)?.[1] ?? '').split(' ').filter((name) => known.has(name));
      const names = style ? [...kept, shared(style)] : kept;
      const hidden = attributes.includes('aria-hidden') ? ' aria-hidden="true"' : '';
      return `<span${names.length ? ` class="${names.join(' ')}"` : ''}${hidden}>`;
    });
}

/** The rules for all inline styles that `compact` has met; stronger than KaTeX's own, as they were. */
export const sharedStyles = () =>
  [...styles].map(([style, name]) => `.katex.katex.katex .${name}{${style}}`).join('\n');
