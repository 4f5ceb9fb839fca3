// What a reference points to, shown beside it while the mouse or the keyboard rests on it. The content is
// the page's own, or that of the static page the link leads to. On touch a link is a link.
const LINKS = 'article :is(a.xref, a.cite, a.term, a.noteref)';
const WAIT = 250; // ms: the mouse passes over many links on its way
const documents = new Map();

const box = document.createElement('div');
box.className = 'preview';
box.id = 'preview';
box.setAttribute('role', 'tooltip');
box.hidden = true;

let shownFor = null;
let timer;

function fetched(url) {
  if (!documents.has(url)) {
    documents.set(url, fetch(url).then((answer) => (answer.ok ? answer.text() : Promise.reject(answer.status)))
      .then((text) => new DOMParser().parseFromString(text, 'text/html')));
  }
  return documents.get(url);
}

/** A section shows its heading and what stands before the next one, two blocks at most. */
function opening(heading) {
  const nodes = [heading];
  for (let next = heading.nextElementSibling; next && nodes.length < 3; next = next.nextElementSibling) {
    if (/^H[1-6]$/.test(next.tagName)) break;
    nodes.push(next);
  }
  return nodes;
}

function content(page, id) {
  if (!id) return [...page.querySelectorAll('.opener h1, .opener .standfirst')];
  const target = page.getElementById(id);
  if (!target) return [];
  if (target.tagName === 'DT') {
    let last = target;
    while (last && last.tagName !== 'DD') last = last.nextElementSibling;
    return last ? [target, last] : [target];
  }
  if (/^H[2-6]$/.test(target.tagName)) return opening(target);
  if (target.tagName === 'LI') return [...target.childNodes];
  return [target];
}

/** A copy that may stand anywhere: no anchors of its own, no controls, no solution given away. */
function copied(nodes) {
  const piece = document.createElement('div');
  piece.append(...nodes.map((node) => document.importNode(node, true)));
  for (const node of piece.querySelectorAll('.anchor, .copy, button, label, .sidenote, .widget, .solution, [href^="#noteref-"]')) {
    node.remove();
  }
  for (const node of piece.querySelectorAll('[id]')) node.removeAttribute('id');
  for (const heading of piece.querySelectorAll('h1, h2, h3, h4, h5, h6')) {
    const line = document.createElement('p'); // no heading of this page
    line.className = 'title';
    line.append(...heading.childNodes);
    heading.replaceWith(line);
  }
  for (const image of piece.querySelectorAll('img')) image.loading = 'eager';
  for (const fold of piece.querySelectorAll('details')) fold.open = true;
  return piece;
}

function place(link) {
  const lines = [...link.getClientRects()];
  const anchor = lines.at(-1);
  const { width, height } = box.getBoundingClientRect();
  const left = Math.max(12, Math.min(anchor.left - 16, document.documentElement.clientWidth - width - 12));
  const below = anchor.bottom + 6 + height < innerHeight || lines[0].top < height + 12;
  box.style.left = `${left + scrollX}px`;
  box.style.top = `${(below ? anchor.bottom + 6 : lines[0].top - height - 6) + scrollY}px`;
}

function hide() {
  clearTimeout(timer);
  box.hidden = true;
  shownFor?.removeAttribute('aria-describedby');
  shownFor = null;
}

async function show(link) {
  const url = new URL(link.href);
  const isHere = url.pathname === location.pathname;
  shownFor?.removeAttribute('aria-describedby');
  shownFor = link;
  try {
    const nodes = content(isHere ? document : await fetched(url.pathname), decodeURIComponent(url.hash.slice(1)));
    if (shownFor !== link || !nodes.length) return;
    const piece = copied(nodes);
    if (!piece.textContent.trim() && !piece.querySelector('img')) return;
    // links of another page lead where they led there
    if (!isHere) for (const a of piece.querySelectorAll('a[href^="#"]')) a.href = url.pathname + a.getAttribute('href');
    box.replaceChildren(piece);
    box.hidden = false;
    box.scrollTop = 0;
    link.setAttribute('aria-describedby', 'preview');
    place(link);
  } catch { /* no connection: the link is a link */ }
}

function later(action, wait = WAIT) {
  clearTimeout(timer);
  timer = setTimeout(action, wait);
}

const isShownBeside = (link) => link.matches('.noteref')
  && link.parentElement.nextElementSibling?.checkVisibility?.(); // the note stands in the margin

export function start() {
  document.querySelector('main').append(box); // within a landmark
  document.addEventListener('pointerover', (event) => {
    if (event.pointerType === 'touch') return;
    const link = event.target.closest?.(LINKS);
    if (link && link !== shownFor && !isShownBeside(link)) later(() => show(link));
    else if (link === shownFor || box.contains(event.target)) clearTimeout(timer);
    else if (shownFor) later(hide);
    else clearTimeout(timer);
  });
  document.addEventListener('focusin', ({ target }) => {
    if (target.matches(LINKS) && target.matches(':focus-visible') && !isShownBeside(target)) show(target);
    else if (shownFor && !box.contains(target)) hide();
  });
  document.addEventListener('focusout', ({ relatedTarget }) => {
    if (shownFor && !relatedTarget && !box.matches(':hover')) hide();
  });
  document.addEventListener('keydown', (event) => { if (event.key === 'Escape' && shownFor) hide(); });
  document.addEventListener('click', (event) => { if (shownFor && event.target.closest('a')) hide(); });
}
