// The keys of the page: never while the reader types, and never with Ctrl, Alt or Meta.

/** Where keys belong to something else: a field, a figure that moves, a box that scrolls, a dialog. */
const busy = (element) => document.querySelector('dialog[open]')
  || element.closest?.('input, textarea, select, [contenteditable], .widget');

/** `actions` maps a key to a function. */
export function listen(actions) {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    const action = actions[event.key];
    if (!action || busy(event.target)) return;
    event.preventDefault();
    action();
  });
}
