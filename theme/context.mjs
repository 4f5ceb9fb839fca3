// What the renderers of one page share: its notes, headings, files, and the problems found.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { escape, tag } from './html.mjs';
import { NODES } from './render.mjs';

/** Width and height in pixels, so that the page does not jump when a picture arrives. */
export function pictureSize(file) {
  const data = readFileSync(file);
  if (data.subarray(1, 4).toString() === 'PNG') return [data.readUInt32BE(16), data.readUInt32BE(20)];
  const box = data.toString('utf8').match(/<svg[^>]*viewBox="\s*\S+\s+\S+\s+([\d.]+)\s+([\d.]+)/);
  return box ? [Math.round(box[1]), Math.round(box[2])] : [];
}

function definitions(node, found = new Map()) {
  if (node.type === 'footnoteDefinition') found.set(node.identifier, node);
  for (const child of node.children ?? []) definitions(child, found);
  return found;
}

export function makeContext(page, publicFolder) {
  const footnotes = definitions(page.mdast);
  const notes = new Map();
  const ids = new Set();
  const ctx = { slug: page.slug, references: page.references?.cite?.data ?? {}, headings: [], notes,
    exercises: 0, assets: new Set(), problems: [] };

  ctx.problem = (message) => {
    ctx.problems.push(message);
    return '';
  };

  ctx.render = (nodes) => nodes.map((node) => {
    const render = NODES[node.type];
    if (!render) return ctx.problem(`the theme cannot set a node of type "${node.type}"`);
    return render(node, ctx, () => ctx.render(node.children ?? []));
  }).join('');

  /** The anchor of a node; mystmd repeats it on a caption's number, so the first one keeps it. */
  ctx.id = (node) => {
    const id = node.html_id;
    if (!id || ids.has(id)) return undefined;
    ids.add(id);
    return id;
  };

  ctx.asset = (url) => {
    ctx.assets.add(url);
    return `build${url}`;
  };

  ctx.image = (node, what) => {
    if (!node.url?.startsWith('/')) return ctx.problem(`a picture from elsewhere: ${node.url}`);
    if (!node.alt) return ctx.problem(`${what} ${node.urlSource ?? node.url} has no alt text: say what it shows`);
    const [width, height] = pictureSize(join(publicFolder, node.url));
    const attributes = { src: ctx.asset(node.url), width, height, loading: 'lazy', decoding: 'async' };
    return `${tag('img', attributes).slice(0, -1)} alt="${escape(node.alt)}">`;
  };

  /** The text of a footnote, numbered in the order of first mention. */
  ctx.note = (reference) => {
    const known = notes.get(reference.identifier);
    if (known) return { ...known, first: false };
    const children = footnotes.get(reference.identifier)?.children ?? [];
    if (!children.length) ctx.problem(`a footnote without a text: [^${reference.identifier}]`);
    const number = notes.size + 1;
    const note = { number, paragraphs: [] };
    notes.set(reference.identifier, note);
    for (const child of children) {
      if (child.type !== 'paragraph') ctx.problem(`footnote ${number} holds a ${child.type}: paragraphs only`);
      note.paragraphs.push(ctx.render(child.children ?? []));
    }
    return { ...note, first: true };
  };
  return ctx;
}
