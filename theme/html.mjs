// The few helpers that every renderer needs.

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ENTITIES[c]);

/** A line of front matter, which mystmd leaves as typed. */
export const line = (text) => escape(text).replace(/(\w)'(?=\w)/g, '$1’');

/** `tag('a', { href }, 'text')`; an attribute that is undefined, null or false is left out. */
export function tag(name, attributes, content) {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined && value !== null && value !== false && value !== '')
    .map(([key, value]) => (value === true ? ` ${key}` : ` ${key}="${escape(value)}"`))
    .join('');
  return content === undefined ? `<${name}${written}>` : `<${name}${written}>${content}</${name}>`;
}

export const classes = (...names) => names.filter(Boolean).join(' ') || undefined;

/** The words of a node, without its markup. */
export function plainText(node) {
  if (Array.isArray(node)) return node.map(plainText).join('');
  return node.children ? plainText(node.children) : node.value ?? '';
}

/** Every page lies in one folder, so that links are relative and the site works under any path. */
export const pageFile = (slug) => `${slug}.html`;

export function fold(summary, content, attributes = {}) {
  return tag('details', attributes, `<summary>${summary}</summary>${content}`);
}

/** Does this lead to another site, rather than to a file of the book? */
export const isAddress = (url) => /^https?:\/\//.test(url);
