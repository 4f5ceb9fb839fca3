// From the syntax tree of a page to HTML: one small function per kind of node. A kind that has no
// function is an error, never silence.
import { classes, escape, fold, pageFile, plainText, tag } from './html.mjs';
import { compact } from './katex.mjs';
import { anywidget, cell, code, output, outputs, still } from './notebook.mjs';

const wrap = (name, extra = {}) => (node, ctx, inner) =>
  tag(name, { ...extra, id: ctx.id(node), class: classes(extra.class, node.class) }, inner());

const words = (kind) => kind.charAt(0).toUpperCase() + kind.slice(1);
const isTitle = (node) => node?.type === 'admonitionTitle';
const isDropdown = (node) => /\bdropdown\b/.test(node.class ?? '');

/** A titled box that is a <details> when its class says dropdown. */
function box(node, ctx, label, body, className) {
  const attributes = { class: classes('box', className, node.class), id: ctx.id(node) };
  if (isDropdown(node)) return fold(label, body, attributes);
  return tag('div', attributes, tag('p', { class: 'label' }, label) + body);
}

function split(node, ctx) {
  const title = node.children.find(isTitle);
  const rest = node.children.filter((child) => child !== title);
  return [title ? ctx.render(title.children) : '', rest];
}

function admonition(node, ctx) {
  const [title, rest] = split(node, ctx);
  const kind = node.kind ?? 'plain';
  return box(node, ctx, title || words(kind), ctx.render(rest), `admonition ${kind}`);
}

/** Theorems, definitions, proofs; the name and number are the theme's to write. */
function proof(node, ctx) {
  const [title, rest] = split(node, ctx);
  const name = words(node.kind) + (node.enumerated && node.enumerator ? ` ${node.enumerator}` : '');
  const label = `<b>${name}</b>${title ? ` <span class="title">${title}</span>` : ''}`;
  return box(node, ctx, label, ctx.render(rest), node.kind);
}

function exercise(node, ctx) {
  const [title, rest] = split(node, ctx);
  const number = node.enumerator ? ` ${node.enumerator}` : '';
  const label = `<b>Exercise${number}</b>${title ? ` <span class="title">${title}</span>` : ''}`;
  const [first, ...others] = rest;
  // "*predict · difficulty 2/5 · 5 min*" opens an exercise: set as a line of its own kind.
  const isMeta = first?.type === 'paragraph' && first.children.length === 1
    && first.children[0].type === 'emphasis';
  const meta = isMeta ? tag('p', { class: 'meta' }, escape(plainText(first))) : '';
  ctx.exercises += 1;
  const named = { ...node, html_id: node.html_id ?? `exercise-${ctx.exercises}` }; // the reader's mark needs a name
  return box(named, ctx, label, meta + ctx.render(isMeta ? others : rest), 'exercise');
}

function solution(node, ctx) {
  // mystmd's title links back to the exercise, and a link has no place in a fold's handle
  const [title, ...rest] = isTitle(node.children[0]) ? node.children : [null, ...node.children];
  return box(node, ctx, title ? escape(plainText(title)) : 'Solution', ctx.render(rest), 'solution');
}

function heading(node, ctx) {
  const number = node.enumerator ? tag('span', { class: 'number' }, node.enumerator) : '';
  const text = ctx.render(node.children);
  const id = ctx.id(node);
  const level = Math.max(2, Math.min(6, node.depth));
  ctx.headings.push({ level, id, number: node.enumerator, text: escape(plainText(node)) });
  const anchor = tag('a', { class: 'anchor', href: `#${id}`, 'aria-label': 'Link to this section' }, '#');
  return tag(`h${level}`, { id }, `${number}${text} ${anchor}`);
}

function math(node, ctx) {
  if (!node.html) return ctx.problem(`mathematics that cannot be set: ${node.value}`);
  const id = ctx.id(node);
  const number = node.enumerator && id
    ? tag('a', { class: 'number', href: `#${id}` }, `(${node.enumerator})`) : '';
  return tag('div', { class: classes('equation', number && 'counted'), id }, `<div class="scroll">${compact(node.html)}</div>${number}`);
}

function container(node, ctx) {
  const captions = node.children.filter((child) => child.type === 'caption');
  const rest = node.children.filter((child) => child.type !== 'caption');
  const caption = captions.length ? tag('figcaption', {}, ctx.render(captions)) : '';
  const body = tag('div', { class: 'body' }, ctx.render(rest));
  const before = node.kind === 'table' || node.kind === 'code';
  const attributes = { class: classes('figure', node.kind, node.class), id: ctx.id(node) };
  return tag('figure', attributes, before ? caption + body : body + caption);
}

function table(node, ctx) {
  const isHead = (row) => row.children.every((item) => item.header);
  const count = node.children.findIndex((row) => !isHead(row));
  const cut = count < 0 ? node.children.length : count;
  const rows = (list) => list.map((row) => {
    const items = row.children.map((item) => tag(item.header ? 'th' : 'td', {
      scope: item.header && (isHead(row) ? 'col' : 'row'),
      class: item.align && item.align !== 'left' ? item.align : undefined,
      colspan: item.colspan, rowspan: item.rowspan,
    }, ctx.render(item.children)));
    return `<tr>${items.join('')}</tr>`;
  }).join('\n');
  const head = cut ? `<thead>${rows(node.children.slice(0, cut))}</thead>` : '';
  return `<div class="scroll"><table>${head}<tbody>${rows(node.children.slice(cut))}</tbody></table></div>`;
}

function list(node, ctx) {
  // The paragraphs of a tight list are not paragraphs to the eye.
  const items = node.children.map((item) => {
    const mark = item.checked === undefined || item.checked === null ? ''
      : tag('span', { role: 'img', 'aria-label': item.checked ? 'done' : 'open' }, item.checked ? '☑ ' : '☐ ');
    const body = item.children.map((child) =>
      (!node.spread && child.type === 'paragraph' ? ctx.render(child.children) : ctx.render([child])));
    return tag('li', { class: mark && 'task' }, mark + body.join('\n'));
  });
  const start = node.ordered && node.start > 1 ? node.start : undefined;
  return tag(node.ordered ? 'ol' : 'ul', { start, class: node.class }, items.join('\n'));
}

function crossReference(node, ctx, inner) {
  if (!node.resolved || !(node.html_id || node.url)) {
    return ctx.problem(`a reference to nothing: "${node.label ?? node.identifier}"`);
  }
  const page = node.url ? pageFile(node.url.slice(1)) : '';
  const className = node.kind === 'definitionTerm' ? 'term' : 'xref';
  return tag('a', { class: className, href: page + (node.html_id ? `#${node.html_id}` : '') }, inner());
}

function link(node, ctx, inner) {
  if (node.static) return tag('a', { href: ctx.asset(node.url), download: true }, inner());
  if (!node.internal) {
    if (!/^(https?:|mailto:)/.test(node.url)) return ctx.problem(`a link to nothing: "${node.url}"`);
    return tag('a', { href: node.url }, inner());
  }
  const [slug, anchor] = node.url.slice(1).split('#');
  return tag('a', { href: pageFile(slug || 'index') + (anchor ? `#${anchor}` : '') }, inner());
}

function citeGroup(node, ctx) {
  const narrative = node.kind === 'narrative';
  const cites = node.children.map((child) => ctx.render([child]));
  return narrative ? cites.join(' and ') : `(${cites.join('; ')})`;
}

function cite(node, ctx, inner) {
  if (!ctx.references[node.label]) return ctx.problem(`a citation of nothing: "${node.label}"`);
  return tag('a', { class: 'cite', href: `#ref-${node.label}` }, inner());
}

/** The note stands in the margin where there is one, and at the foot of the page where not. */
function footnoteReference(node, ctx) {
  const note = ctx.note(node);
  const mark = tag('a', { class: 'noteref', href: `#note-${note.number}`, id: note.first && `noteref-${note.number}`,
    role: 'doc-noteref', 'aria-label': `Note ${note.number}` }, note.number);
  if (!note.first) return `<sup>${mark}</sup>`;
  const body = note.paragraphs.map((html) => `<span>${html}</span>`).join('');
  return `<sup>${mark}</sup><span class="sidenote"><sup>${note.number}</sup> ${body}</span>`;
}

function inlineMath(node, ctx) {
  if (!node.html) return ctx.problem(`mathematics that cannot be set: ${node.value}`);
  // "w = g - 1" stays on one line; a long formula may break where TeX would
  return compact(node.html).replace('class="katex"', node.value.length < 26 ? 'class="katex nb"' : 'class="katex"');
}

const nothing = () => '';
const through = (node, ctx, inner) => inner();

export const NODES = {
  root: through, comment: nothing, footnoteDefinition: nothing, mystTarget: nothing,
  block: (node, ctx, inner) => {
    if (node.visibility === 'remove') return '';
    return node.kind === 'notebook-code' ? cell(node, ctx, inner) : inner();
  },
  text: (node, ctx) => {
    const note = node.value.match(/\[\^[^\]]+\]/);
    return note ? ctx.problem(`a footnote without a text: ${note[0]}`) : escape(node.value);
  },
  paragraph: wrap('p'), strong: wrap('strong'), emphasis: wrap('em'), delete: wrap('del'),
  underline: wrap('u'), smallcaps: wrap('span', { class: 'smallcaps' }), span: wrap('span'), div: wrap('div'),
  subscript: wrap('sub'), superscript: wrap('sup'), keyboard: wrap('kbd'), blockquote: wrap('blockquote'),
  abbreviation: (node, ctx, inner) => tag('abbr', { title: node.title }, inner()),
  inlineCode: (node) => tag('code', {}, escape(node.value)),
  break: () => '<br>', thematicBreak: () => '<hr>',
  heading, math, inlineMath, container, table, list, crossReference, link, citeGroup, cite, footnoteReference,
  mathGroup: through, caption: through, legend: wrap('div', { class: 'legend' }),
  captionNumber: (node, ctx, inner) => `${tag('span', { class: 'number' }, inner().replace(/:$/, ''))} `,
  image: (node, ctx) => (node.placeholder ? still(node, ctx) : ctx.image(node, 'the picture')),
  admonition, proof, exercise, solution,
  details: wrap('details', { class: 'box dropdown' }), summary: wrap('summary'), aside: wrap('aside'),
  glossary: through, definitionList: wrap('dl'), definitionTerm: wrap('dt'), definitionDescription: wrap('dd'),
  code, outputs, output, anywidget,
};
