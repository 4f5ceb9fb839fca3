// The keys of the page, and the dialog that lists them. Never while the reader types, and never with
// Ctrl, Alt or Meta.
const KEYS = [
  [['/'], 'search the book'],
  [['←', 'p'], 'the page before'],
  [['→', 'n'], 'the next page'],
  [['?'], 'this list'],
];

/** Where keys belong to something else: a field, a figure that moves, a box that scrolls, a dialog. */
function busy(element, key) {
  if (document.querySelector('dialog[open]') || !element.closest) return true;
  if (element.closest('input:not([type=checkbox]), textarea, select, [contenteditable], .widget')) return true;
  const scrolls = element.closest('.scroll, pre');
  return key.startsWith('Arrow') && scrolls && scrolls.scrollWidth > scrolls.clientWidth;
}

function go(relation) {
  const link = document.querySelector(`.neighbours a[rel=${relation}]`);
  if (link) location.href = link.href;
}

/** The dialog of keys; `extra` is what else it shows. */
function help(extra) {
  const dialog = document.createElement('dialog');
  dialog.className = 'help';
  dialog.setAttribute('aria-labelledby', 'keys');
  const row = ([keys, what]) => `<dt>${keys.map((key) => `<kbd>${key}</kbd>`).join(' ')}</dt><dd>${what}</dd>`;
  dialog.innerHTML = `<form method="dialog"><h2 id="keys">Keys</h2><button>Close</button></form>
<dl>${KEYS.map(row).join('')}</dl>`;
  if (extra) dialog.append(extra);
  dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  return dialog;
}

export function start({ search, extra }) {
  const dialog = help(extra);
  const open = () => { if (!dialog.open) dialog.showModal(); };
  const actions = { '/': search, '?': open, ArrowLeft: () => go('prev'), p: () => go('prev'),
    ArrowRight: () => go('next'), n: () => go('next') };
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    const action = actions[event.key];
    if (!action || busy(event.target, event.key)) return;
    event.preventDefault();
    action();
  });
  for (const button of document.querySelectorAll('button.keys')) {
    button.hidden = false;
    button.addEventListener('click', open);
  }
}
