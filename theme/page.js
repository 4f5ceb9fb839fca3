// The little that a page does by itself; everything on it can be read without this.

// the modules beside this one, fetched under the same version
const load = (name) => import(`./${name}.mjs${new URL(import.meta.url).search}`);

const root = document.documentElement;
const isDark = () => (root.dataset.theme
  ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches);
const toggles = document.querySelectorAll('button.theme');

function nameToggles() {
  for (const button of toggles) button.textContent = isDark() ? 'Light' : 'Dark';
}

for (const button of toggles) {
  button.hidden = false;
  button.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    try { localStorage.setItem('theme', root.dataset.theme); } catch { /* private window */ }
    nameToggles();
  });
}
nameToggles();

const searching = load('search'); // now, so that no key is lost later; the index comes when it opens
const search = () => searching.then((module) => module.open());
for (const button of document.querySelectorAll('button.find')) {
  button.hidden = false;
  button.addEventListener('click', search);
}
Promise.all([load('keys'), load('progress')]).then(([keys, progress]) => {
  progress.start();
  keys.start({ search, extra: progress.about() });
});

// the clipboard is there on https and on localhost only
for (const block of navigator.clipboard ? document.querySelectorAll('div.code') : []) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  button.textContent = 'Copy';
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(block.querySelector('code').textContent);
    button.textContent = 'Copied';
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  });
  block.append(button);
}

// A reference into a folded box opens the box.
function unfold() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let box = target; box; box = box.parentElement) if (box.tagName === 'DETAILS') box.open = true;
}
addEventListener('hashchange', unfold);
unfold();

// A box that scrolls can be reached with the keyboard.
function reach() {
  for (const box of document.querySelectorAll('pre, .scroll')) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute('tabindex');
  }
}
addEventListener('resize', reach);
document.fonts.ready.then(reach);

// Figures that move: a module with `default.render({ model, el })`, as anywidget has it.
for (const el of document.querySelectorAll('div.widget')) {
  const values = JSON.parse(el.querySelector('script').textContent);
  const model = { get: (key) => values[key], set: (key, value) => { values[key] = value; },
    on() {}, off() {}, save_changes() {} };
  import(new URL(el.dataset.module, location.href)).then((module) => {
    module.default.render({ model, el });
    el.classList.add('live'); // its still picture may go
  });
}

// on a screen without a mouse a reference is a link, and no more is loaded
if (matchMedia('(any-hover: hover)').matches) load('previews').then((module) => module.start());
