// What the search in the page reads: the words of each section, as the reader sees them. (mystmd's own
// index also holds the cells and comments that no reader sees, and formulas as TeX.)
import { pageFile, plainText } from './html.mjs';

const SILENT = new Set(['comment', 'mystTarget', 'outputs', 'anywidget', 'math', 'image', 'footnoteReference']);
const INLINE = new Set(['text', 'inlineMath', 'inlineCode', 'emphasis', 'strong', 'link', 'crossReference', 'cite',
  'citeGroup', 'span', 'abbreviation', 'subscript', 'superscript', 'keyboard', 'captionNumber']);
const UP = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const DOWN = '₀₁₂₃₄₅₆₇₈₉';
const digits = (text, row) => text.replace(/\d/g, (digit) => row[digit]);

/** A short formula as a line of text: σ², x₀, x_σ, 1/2, with room around a sign of relation. */
export function formula(html) {
  const leaf = '<m[ino][^>]*>[^<]*</m[ino]>';
  return (html.match(/<math.*<\/math>/s)?.[0] ?? '')
    .replace(/<annotation.*?<\/annotation>/gs, '')
    .replace(new RegExp(`<msup>(${leaf})<mn>(\\d+)</mn></msup>`, 'g'), (_, base, n) => base + digits(n, UP))
    .replace(new RegExp(`<msub>(${leaf})<mn>(\\d+)</mn></msub>`, 'g'), (_, base, n) => base + digits(n, DOWN))
    .replace(new RegExp(`<msub>(${leaf})(${leaf})</msub>`, 'g'), '$1_$2')
    .replace(new RegExp(`<mfrac>(${leaf})(${leaf})</mfrac>`, 'g'), '$1/$2')
    .replace(/<mo>([=≠≈∼∝≤≥∣→+])<\/mo>/g, ' $1 ')
    .replace(/<[^>]*>/g, '')
    .replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&')
    .replace(/[\u2061\u200b]/g, '');
}

function words(node) {
  if (SILENT.has(node.type) || node.visibility === 'remove') return '';
  if (node.type === 'inlineMath') return formula(node.html ?? '');
  const inner = node.children ? node.children.map(words).join('') : node.value ?? '';
  return INLINE.has(node.type) ? inner : ` ${inner} `;
}

const tidy = (text) => text.replace(/\s+/g, ' ').trim();

/** `[anchor, title, text]` for each section of a page and each word of a glossary. */
export function sections(page) {
  const found = [['', '', '']];
  const walk = (node) => {
    if (node.visibility === 'remove') return;
    const opens = (node.type === 'heading' || node.type === 'definitionTerm') && node.html_id;
    if (opens) {
      const number = node.type === 'heading' && node.enumerator ? `${node.enumerator} ` : '';
      found.push([node.html_id, number + tidy(plainText(node)), '']);
    } else if (['root', 'block', 'glossary', 'definitionList'].includes(node.type)
      && node.kind !== 'notebook-code') node.children.forEach(walk);
    else found.at(-1)[2] += words(node);
  };
  walk(page.mdast);
  return found.map(([id, title, text]) => [id, title, tidy(text)]);
}

/** The whole index, pages in the book's order. */
export function searchIndex(book, pages) {
  const entries = book.outline.flatMap((part) => part.pages);
  return [...pages.values()].map((page) => {
    const entry = entries.find((item) => item.slug === page.slug);
    const title = entry ? `${entry.number ? `${entry.number} ` : ''}${entry.title}` : book.title;
    return { url: pageFile(page.slug), title, sections: sections(page) };
  });
}
