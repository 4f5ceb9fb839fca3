// The page around the text: sidebar, opener, references, neighbours.
import { escape, isAddress, line, pageFile, plainText, tag } from './html.mjs';

export const MARK = '<svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">'
  + '<g fill="none" stroke-width="1.6" stroke-linecap="round"><g stroke="currentColor">'
  + '<path d="M2 3C12 3 13 8 22 8"/><path d="M2 8.5C11 8.5 14 8 22 8"/><path d="M2 15.5C11 15.5 14 16 22 16"/></g>'
  + '<path stroke="#d9541e" d="M2 21C12 21 13 16 22 16"/></g></svg>';

const THEME = "try{const t=localStorage.getItem('theme');if(t)document.documentElement.dataset.theme=t}catch{}"
  + "document.documentElement.classList.add('js')";

/** "Part I · Exact worlds" for each page, and the number that its enumerator gives it. */
export function outline(project, pages) {
  const entries = [];
  let part;
  for (const item of project.pages) {
    if (!item.slug) {
      part = { title: item.title, pages: [] };
      entries.push(part);
      continue;
    }
    if (item.level === 1 || !part) {
      part = { title: '', pages: [] };
      entries.push(part);
    }
    const { frontmatter } = pages.get(item.slug);
    const number = frontmatter.numbering?.enumerator?.enumerator?.match(/^(\w+)\./)?.[1];
    part.pages.push({ slug: item.slug, number, part: part.title, title: frontmatter.title,
      short: frontmatter.short_title ?? frontmatter.title, description: frontmatter.description });
  }
  return entries;
}

function sections(headings) {
  const items = headings.filter((heading) => heading.level === 2).map((heading) =>
    `<li><a href="#${heading.id}">${heading.text}</a></li>`);
  return items.length ? `<ol class="sections">${items.join('')}</ol>` : '';
}

/** A reader's progress is kept for chapters: how many exercises there are. */
const tracked = (page) => (page.number ? page.exercises : undefined);

function sidebar(book, slug, headings) {
  const entry = (page) => {
    const here = page.slug === slug;
    const number = page.number ? `<span class="number">${page.number}</span>` : '';
    const link = tag('a', { href: pageFile(page.slug), 'aria-current': here && 'page', 'data-exercises': tracked(page) },
      `${number}<span>${line(page.short)}</span>`);
    return `<li>${link}${here ? sections(headings) : ''}</li>`;
  };
  const part = (item) =>
    `<li class="part">${item.title && `<p>${line(item.title)}</p>`}<ol>${item.pages.map(entry).join('')}</ol></li>`;
  return `<nav id="contents" aria-label="Contents">
<div class="head"><a class="book" href="index.html">${MARK}<span>${line(book.title)}</span></a>
<button type="button" class="theme" hidden>Dark</button><a class="close" href="#text">Close</a></div>
<button type="button" class="find" hidden>Search <kbd aria-hidden="true">/</kbd></button>
<ol class="parts">${book.outline.map(part).join('\n')}</ol>
</nav>`;
}

function opener(page, entry) {
  const { title, description, downloads = [] } = page.frontmatter;
  // what lies elsewhere is opened, not downloaded: a notebook in Colab
  const [elsewhere, here] = [true, false].map((far) => downloads.filter((file) => isAddress(file.url) === far));
  const files = here.map((file) =>
    tag('a', { href: `build${file.url}`, download: file.filename }, escape(file.title)));
  const opened = elsewhere.map((file) => tag('a', { href: file.url, class: 'open-in' }, escape(file.title)));
  return `<header class="opener">
${entry?.part ? `<p class="part">${escape(entry.part)}</p>` : ''}
<h1>${entry?.number ? `<span class="number">${entry.number}</span> ` : ''}${line(title)}</h1>
${description ? `<p class="standfirst">${line(description)}</p>` : ''}
${files.length ? `<p class="files"><span>Download</span> ${[...files, ...opened].join(' ')}</p>` : ''}
</header>`;
}

function cover(book, art) {
  const authors = (book.authors ?? []).map((author) => escape(author.name)).join(', ');
  return `<header class="cover">${art}
<h1>${line(book.title)}</h1>
${book.subtitle ? `<p class="subtitle">${line(book.subtitle)}</p>` : ''}
${authors ? `<p class="authors">${authors}</p>` : ''}</header>`;
}

/** The table of contents that closes the first page. */
function tableOfContents(book) {
  const entry = (page) => tag('li', {}, tag('a', { href: pageFile(page.slug), 'data-exercises': tracked(page) },
    `<span class="number">${page.number ?? ''}</span><span><b>${line(page.title)}</b>`
    + `${page.description ? `<span class="about">${line(page.description)}</span>` : ''}</span>`));
  const parts = book.outline.map((part) =>
    `${part.title ? `<h3>${escape(part.title)}</h3>` : ''}<ol>${part.pages.map(entry).join('')}</ol>`);
  return `<section class="toc" aria-labelledby="toc"><h2 id="toc">Contents</h2>${parts.join('')}</section>`;
}

function endMatter(ctx) {
  const notes = [...ctx.notes.values()].map((note) => `<li id="note-${note.number}">${note.paragraphs
    .map((html) => `<p>${html}</p>`).join('')}<a href="#noteref-${note.number}" aria-label="Back to the text">↩</a></li>`);
  const cited = Object.entries(ctx.references).map(([key, entry]) => {
    const html = entry.html.replace(/ target="_blank" rel="noreferrer"/g, '')
      .replace(/<i>arXiv:(\d{4}\.\d+)<\/i>/, '<a href="https://arxiv.org/abs/$1">arXiv:$1</a>');
    return [html.replace(/<[^>]*>/g, ''), `<li id="ref-${escape(key)}">${html}</li>`];
  }).sort(([a], [b]) => a.localeCompare(b, 'en')).map(([, item]) => item);
  const section = (name, title, items, list) => (items.length
    ? `<section class="${name}" aria-labelledby="${name}"><h2 id="${name}">${title}</h2><${list}>${items.join('\n')}</${list}></section>`
    : '');
  return section('notes', 'Notes', notes, 'ol') + section('references', 'References', cited, 'ul');
}

function neighbours(book, slug) {
  const all = [{ slug: 'index', short: book.title }, ...book.outline.flatMap((part) => part.pages)];
  const here = all.findIndex((page) => page.slug === slug);
  const link = (page, rel, label) => (page ? `<a rel="${rel}" href="${pageFile(page.slug)}"><small>${label}</small>
${page.number ? `<span class="number">${page.number}</span> ` : ''}${line(page.short)}</a>` : '<span></span>');
  return `<nav class="neighbours" aria-label="Neighbouring pages">${link(all[here - 1], 'prev', 'Before this')}
${link(all[here + 1], 'next', 'Next')}</nav>`;
}

function licence(book) {
  const part = (what, item) => (item?.url ? `${what} <a href="${item.url}">${escape(item.id)}</a>` : '');
  const parts = [part('Text', book.license?.content), part('code', book.license?.code)].filter(Boolean);
  return `<footer><p>${line(book.title)}${parts.length ? ` · ${parts.join(', ')}` : ''}
<button type="button" class="keys" hidden>Keys and progress</button></p></footer>`;
}

export function layout({ book, page, ctx, body, art, version }) {
  const isCover = page.slug === 'index';
  const entry = book.outline.flatMap((part) => part.pages).find((item) => item.slug === page.slug);
  const title = isCover ? book.title : `${page.frontmatter.title} · ${book.title}`;
  const about = page.frontmatter.description || book.description || plainText(page.mdast).slice(0, 150);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${line(title)}</title>
<meta name="description" content="${escape(about)}">
<link rel="icon" href="assets/mark.svg" type="image/svg+xml">
<link rel="preload" href="assets/fonts/source-serif-4-latin-400-normal.woff2" as="font" type="font/woff2" crossorigin>
<link rel="stylesheet" href="assets/book.css?${version}">
<script>${THEME}</script>
<script type="module" src="assets/page.js?${version}"></script>
</head>
<body${isCover ? ' class="first"' : ''}>
<a class="skip" href="#text">Skip to the text</a>
<header class="bar"><a class="book" href="index.html">${MARK}<span>${line(book.title)}</span></a>
<button type="button" class="find" hidden>Search</button><a class="open" href="#contents">Contents</a><button type="button" class="theme" hidden>Dark</button></header>
${sidebar(book, page.slug, ctx.headings)}
<main id="text" tabindex="-1">
<article>
${isCover ? cover(book, art) : opener(page, entry)}
${body}
${isCover ? tableOfContents(book) : ''}
${endMatter(ctx)}
</article>
${neighbours(book, page.slug)}
${licence(book)}
</main>
</body>
</html>
`;
}
