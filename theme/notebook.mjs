// Code, and what running it printed. Nothing runs here: outputs are as stored.
import hljs from 'highlight.js/lib/core';
import bash from 'highlight.js/lib/languages/bash';
import ini from 'highlight.js/lib/languages/ini';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import python from 'highlight.js/lib/languages/python';
import yaml from 'highlight.js/lib/languages/yaml';

import { classes, escape, fold, tag } from './html.mjs';

for (const [name, language] of Object.entries({ bash, ini, javascript, json, python, yaml })) {
  hljs.registerLanguage(name, language);
}

const ALIASES = { console: 'bash', shell: 'bash', sh: 'bash', py: 'python', ipython3: 'python',
  toml: 'ini', js: 'javascript', yml: 'yaml' };
const PLAIN = new Set(['', 'text', 'none', 'plaintext', 'bibtex', 'latex', 'markdown', 'myst', 'md']);

export function code(node, ctx) {
  const lang = ALIASES[node.lang] ?? node.lang ?? '';
  let body = escape(node.value);
  if (hljs.getLanguage(lang)) body = hljs.highlight(node.value, { language: lang }).value;
  else if (!PLAIN.has(lang)) ctx.problem(`no highlighting for language "${lang}"`);
  if (node.showLineNumbers) {
    body = body.split('\n').map((line) => `<span class="line">${line}</span>`).join('\n');
  }
  // the text column holds 78 letters; what is wider may reach into the margin
  const wide = node.value.split('\n').some((line) => line.length > 78);
  const attributes = { class: classes('code', node.showLineNumbers && 'numbered', wide && 'wide'), 'data-lang': lang };
  const block = tag('div', attributes, `<pre><code>${body}</code></pre>`);
  if (node.visibility === 'remove') return '';
  return node.visibility === 'hide' ? fold('Show the code', block, { class: 'fold' }) : block;
}

/** A cell: its code, then its outputs. */
export function cell(node, ctx, inner) {
  const body = inner();
  if (!body.trim()) return '';
  const block = tag('div', { class: 'cell', id: node.label && ctx.id(node) }, body);
  return node.visibility === 'hide' ? fold('Show the cell', block, { class: 'fold' }) : block;
}

export function outputs(node, ctx, inner) {
  if (node.visibility === 'remove') return '';
  const body = inner();
  if (!body) return '';
  const block = tag('div', { class: 'outputs' }, body);
  return node.visibility === 'hide' ? fold('Show the output', block, { class: 'fold' }) : block;
}

const joined = (text) => (Array.isArray(text) ? text.join('') : text ?? '');
// eslint-disable-next-line no-control-regex
const plain = (text) => escape(joined(text).replace(/\u001b\[[0-9;]*m/g, '').replace(/\n+$/, ''));

export function output(node, ctx) {
  const data = node.jupyter_data;
  if (data.output_type === 'stream') {
    return tag('pre', { class: `output ${data.name}` }, plain(data.text));
  }
  if (data.output_type === 'error') {
    return tag('pre', { class: 'output stderr' }, plain(data.traceback));
  }
  const pictures = ['image/svg+xml', 'image/png', 'image/webp', 'image/jpeg'];
  const mime = pictures.find((name) => data.data?.[name]);
  if (mime) {
    const { path, content } = data.data[mime];
    const alt = data.metadata?.[mime]?.alt;
    if (!path) ctx.problem(`the ${mime} output has no file (${String(content).length} characters)`);
    return ctx.image({ url: path, alt }, 'the picture a code cell made');
  }
  const text = (name) => joined(data.data?.[name]?.content);
  const claim = text('application/vnd.guidelib.claim+json');
  if (claim) {
    return tag('p', { class: 'output claim', 'data-claim': claim }, plain(text('text/plain')));
  }
  if (text('text/html')) {
    const html = text('text/html').replace(/<style[\s\S]*?<\/style>/g, '').replace(/ border="1"/g, '')
      .replace(/<th([^>]*)><\/th>/g, '<td$1></td>'); // an empty corner heads nothing
    return tag('div', { class: 'output html scroll' }, html);
  }
  if (text('text/plain')) return tag('pre', { class: 'output' }, plain(text('text/plain')));
  return ctx.problem(`an output of an unknown kind: ${Object.keys(data.data ?? {}).join(', ')}`);
}

/** What a figure that moves looks like on paper, and until its module has come. */
export function still(node, ctx) {
  return tag('div', { class: 'still' }, ctx.image(node, 'the picture').replace(' loading="lazy"', ''));
}

/** A figure that moves: page.js imports the module and calls its `default.render`. */
export function anywidget(node, ctx) {
  const model = JSON.stringify(node.model ?? {}).replace(/</g, '\\u003c');
  const json = `<script type="application/json">${model}</script>`;
  return tag('div', { class: 'widget', 'data-module': ctx.asset(node.esm) }, json);
}
