// Search: a dialog over the page. The index is fetched when it is first opened.
const version = new URL(import.meta.url).search;
const { excerpt, marked, prepare, rank } = await import(`./rank.mjs${version}`);

const dialog = document.createElement('dialog');
dialog.className = 'search';
dialog.setAttribute('aria-label', 'Search the book');
dialog.innerHTML = `<form method="dialog" role="search">
<input type="text" role="combobox" aria-label="Search the book" aria-expanded="false" aria-controls="hits"
 aria-autocomplete="list" placeholder="Search the book" autocomplete="off" spellcheck="false" enterkeyhint="search">
<button type="button">Close</button></form>
<p role="status"></p>
<div id="hits" role="listbox" aria-label="Results"></div>`;
document.body.append(dialog);

const input = dialog.querySelector('input');
const status = dialog.querySelector('[role=status]');
const list = dialog.querySelector('#hits');
let entries;
let chosen = -1;

function pieces(parts) {
  return parts.map(([text, isHit]) => {
    if (!isHit) return document.createTextNode(text);
    const mark = document.createElement('mark');
    mark.textContent = text;
    return mark;
  });
}

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const options = () => [...list.querySelectorAll('[role=option]')];

function choose(index) {
  const all = options();
  chosen = all.length ? (index + all.length) % all.length : -1;
  all.forEach((option, i) => option.setAttribute('aria-selected', i === chosen));
  if (chosen < 0) return input.removeAttribute('aria-activedescendant');
  input.setAttribute('aria-activedescendant', all[chosen].id);
  return all[chosen].scrollIntoView({ block: 'nearest' });
}

function option(entry, query, id) {
  const href = entry.page.url + (entry.id ? `#${entry.id}` : '');
  const title = element('b', {}, ...pieces(marked(entry.title || 'Opening of the page', query)));
  const text = entry.text ? [element('span', {}, ...pieces(excerpt(entry.text, query)))] : [];
  return element('a', { role: 'option', 'aria-selected': 'false', id, href, tabindex: '-1' }, title, ...text);
}

function show() {
  const query = input.value;
  const hits = entries ? rank(entries, query) : [];
  const groups = Map.groupBy(hits, (entry) => entry.page);
  let count = 0;
  list.replaceChildren(...[...groups].map(([page, found], i) => element('div',
    { role: 'group', 'aria-labelledby': `hits-${i}` },
    element('p', { id: `hits-${i}`, role: 'presentation' }, page.title),
    ...found.map((entry) => { count += 1; return option(entry, query, `hit-${count}`); }))));
  input.setAttribute('aria-expanded', hits.length > 0);
  list.hidden = hits.length === 0;
  const plural = hits.length === 1 ? 'section' : 'sections';
  if (!query.trim()) status.textContent = '';
  else if (!entries) status.textContent = 'Reading the index …';
  else status.textContent = hits.length ? `${hits.length} ${plural}` : 'Nothing in the book has these words.';
  choose(hits.length ? 0 : -1);
}

input.addEventListener('input', show);
input.addEventListener('keydown', (event) => {
  if (event.key === 'ArrowDown') choose(chosen + 1);
  else if (event.key === 'ArrowUp') choose(chosen - 1);
  else if (event.key === 'Enter') options()[chosen]?.click();
  else return;
  event.preventDefault();
});
list.addEventListener('click', (event) => {
  if (event.target.closest('a') && !event.ctrlKey && !event.metaKey) dialog.close();
});
dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
dialog.querySelector('button').addEventListener('click', () => dialog.close());

export async function open() {
  if (dialog.open) return;
  dialog.showModal(); // the browser keeps the focus inside, and gives it back at the end
  input.select();
  if (entries) return;
  try {
    const answer = await fetch(new URL(`search.json${version}`, import.meta.url));
    if (!answer.ok) throw new Error(answer.status);
    entries = prepare(await answer.json());
    show();
  } catch {
    status.textContent = 'The index of the book could not be fetched; try again when there is a connection.';
  }
}
show();
