// Chapters read and exercises solved: kept in the reader's own browser, sent nowhere.
const KEY = 'progress';
const empty = () => ({ read: {}, solved: {} });

/** The browser's storage, or null where it is refused: then the marks last as long as the page. */
function storage() {
  try {
    localStorage.setItem(`${KEY}-try`, '1');
    localStorage.removeItem(`${KEY}-try`);
    return localStorage;
  } catch {
    return null;
  }
}

const kept = storage();
let state = empty();

/** The marks as they are now: another tab may have set some. */
function current() {
  if (!kept) return state;
  try {
    const found = JSON.parse(kept.getItem(KEY));
    return found?.read && found?.solved ? found : empty();
  } catch { // not ours: begin anew
    return empty();
  }
}

function change(edit) {
  state = current();
  edit(state);
  kept?.setItem(KEY, JSON.stringify(state));
  show();
}

const pageOf = (address) => new URL(address, location.href).pathname.split('/').at(-1).replace(/\.html$/, '') || 'index';
const here = pageOf(location.href);
const nameOf = (exercise) => `${here}#${exercise.id}`;
const solvedOn = (page) => Object.keys(state.solved).filter((name) => name.startsWith(`${page}#`)).length;

function checkbox(text, className, onchange) {
  const label = document.createElement('label');
  label.className = className;
  const box = document.createElement('input');
  box.type = 'checkbox';
  box.addEventListener('change', () => onchange(box.checked));
  label.append(box, ` ${text}`);
  return label;
}

const set = (kind, name, isOn) => change((marks) => {
  if (isOn) marks[kind][name] = 1;
  else delete marks[kind][name];
});

const exercises = [...document.querySelectorAll('.exercise[id]')];
const contents = [...document.querySelectorAll('#contents a[data-exercises], .toc a[data-exercises]')];
const isChapter = contents.some((link) => pageOf(link.href) === here);
let readBox;

/** "✓" for a chapter that was read, "2/5" for its exercises; a screen reader hears it in words. */
function mark(link) {
  const page = pageOf(link.href);
  const solved = Math.min(solvedOn(page), Number(link.dataset.exercises));
  const isRead = Boolean(state.read[page]);
  let sign = link.querySelector('.progress');
  if (!isRead && !solved) return sign?.remove();
  if (!sign) {
    sign = document.createElement('span');
    sign.className = 'progress';
    link.append(sign);
  }
  const spoken = [isRead && 'read', solved && `${solved} of ${link.dataset.exercises} exercises solved`].filter(Boolean);
  sign.innerHTML = `<span aria-hidden="true">${solved ? `${solved}/${link.dataset.exercises}` : ''}${isRead ? ' ✓' : ''}</span>`
    + `<span class="spoken">, ${spoken.join(', ')}</span>`;
  return sign;
}

function show() {
  contents.forEach(mark);
  for (const exercise of exercises) {
    exercise.querySelector('.solved input').checked = Boolean(state.solved[nameOf(exercise)]);
  }
  if (readBox) readBox.querySelector('input').checked = Boolean(state.read[here]);
}

/** The chapter counts as read when its last words come into view, unless a link jumped past them. */
function watchTheEnd(end) {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && end.compareDocumentPosition(target) & Node.DOCUMENT_POSITION_FOLLOWING) return;
    observer.disconnect();
    set('read', here, true);
  });
  observer.observe(end);
}

/** What the dialog of keys says of it, with the way back to nothing. */
export function about() {
  const section = document.createElement('section');
  section.className = 'kept';
  section.innerHTML = '<h2>Progress</h2><p>Chapters read and exercises solved are marked in this browser only and '
    + 'sent nowhere.</p><button type="button">Forget my progress</button> <span role="status"></span>';
  section.querySelector('button').addEventListener('click', () => {
    change((marks) => Object.assign(marks, empty()));
    section.querySelector('[role=status]').textContent = 'Forgotten.';
  });
  return section;
}

export function start() {
  state = current(); // first: a chapter that was read before is not watched again
  for (const exercise of exercises) {
    const label = checkbox('solved', 'solved', (isOn) => set('solved', nameOf(exercise), isOn));
    const name = exercise.querySelector('.label b')?.textContent ?? 'this exercise';
    label.querySelector('input').setAttribute('aria-label', `${name} solved`);
    (exercise.querySelector('.meta') ?? exercise.querySelector('.label')).append(label);
  }
  if (isChapter) {
    const end = document.querySelector('.neighbours');
    readBox = checkbox('I have read this chapter', 'read', (isOn) => set('read', here, isOn));
    document.querySelector('article').append(readBox);
    const text = [...document.querySelectorAll('article > *')]
      .filter((block) => !block.matches('.notes, .references, label, script')).at(-1) ?? end;
    if (!state.read[here]) watchTheEnd(text);
  }
  addEventListener('storage', (event) => {
    if (event.key !== KEY && event.key !== null) return;
    state = current();
    show();
  });
  show();
}
