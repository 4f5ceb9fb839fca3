// What every moving figure is put together from: the box with its look, controls, a canvas, handles that
// can be dragged, and the loop that plays. Works in the page and in a shadow root, in any theme.

/** One colour for one object, as in guidelib.plots.COLORS (a test compares). */
export const COLORS = { conditional: '#009E73', mixture: '#4D4D4D', tilted: '#999999', ode: '#D55E00', sde: '#0072B2',
  feature: '#CC79A7', class0: '#56B4E9', class1: '#E69F00' };
export const DASHES = { tilted: [6, 4], mixture: [2, 2.5] };
export const SOLID = [];

const STYLE = `
.moving { font: 400 .82rem/1.4 var(--sans, system-ui, sans-serif); font-variant-numeric: lining-nums tabular-nums; }
.moving *, .moving { box-sizing: border-box; }
.moving .board { position: relative; }
.moving canvas { display: block; width: 100%; }
.moving .controls { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(9.6rem, 100%), 1fr)); gap: .5rem 1.4rem; margin: .6rem 0 0; align-items: end; }
.moving label { display: grid; grid-template-columns: 1fr auto; gap: 0 .5rem; min-width: 0; }
.moving input[type=range] { grid-column: 1 / -1; width: 100%; height: 1.9rem; margin: 0; accent-color: var(--link, #1d5791); }
.moving select, .moving .controls button { font: inherit; color: inherit; height: 1.9rem; width: 100%; background: transparent; border: 1px solid currentColor; border-radius: 4px; padding: .1rem .5rem; cursor: pointer; }
.moving select { grid-column: 1 / -1; background: var(--paper, Canvas); }
.moving .controls button { font-weight: 600; max-width: 14rem; }
.moving .handle { position: absolute; width: 2rem; height: 2rem; margin: -1rem 0 0 -1rem; padding: 0; border: 0; background: transparent; cursor: grab; touch-action: none; }
.moving .handle::before { content: ''; position: absolute; inset: .5rem; border-radius: 50%; border: 2px solid var(--paper, #fff); background: var(--dot, currentColor); box-shadow: 0 0 0 1.5px currentColor; }
.moving .readout { margin: .7rem 0 0; }
.moving table { border-collapse: collapse; width: 100%; font: inherit; border: 0; margin: 0; }
.moving th, .moving td { font-weight: 400; text-align: right; padding: .12rem 0 .12rem .6rem; border: 0; white-space: nowrap; }
.moving thead th { white-space: normal; vertical-align: bottom; }
.moving th:first-child { text-align: left; padding-left: 0; }
.moving .key { display: inline-block; width: .7rem; height: .7rem; border-radius: 50%; margin-right: .45rem; background: var(--dot); }
.moving :focus-visible { outline: 2px solid var(--mark, #b93e0c); outline-offset: 2px; }`;

export function node(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const rgb = (parts, alpha = 1) => `rgb(${parts.map(Math.round).join(' ')} / ${alpha})`;
const parse = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const mix = (a, b, share) => a.map((value, i) => value + share * (b[i] - value));

/** Colours to draw with, from the page's own ink: on dark paper all are lighter; `text` is for words. */
function palette(root) {
  const ink = getComputedStyle(root).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  const dark = ink[0] + ink[1] + ink[2] > 384;
  const made = { ink: rgb(ink), quiet: rgb(ink, 0.75), line: rgb(ink, 0.35), faint: rgb(ink, 0.13), text: {} };
  for (const [name, hex] of Object.entries(COLORS)) {
    const shown = dark ? mix(parse(hex), [255, 255, 255], 0.3) : parse(hex);
    made[name] = rgb(shown);
    made.text[name] = rgb(mix(shown, ink, 0.4));
  }
  return made;
}

/** The figure's box in `el`. `height(width)` is the canvas's; `draw(ctx, width, height, colors)` paints it.
 * Returns what the helpers below need; call `redraw()` after a change, it paints once a frame at most. */
export function stage(el, { label, height, layout, draw }) {
  const canvas = node('canvas', { role: 'img', 'aria-label': label });
  const board = node('div', { class: 'board' }, canvas);
  const controls = node('div', { class: 'controls' });
  const root = node('div', { class: 'moving' }, board, controls);
  el.append(node('style', {}, STYLE), root);
  const ctx = canvas.getContext('2d');
  const made = { root, board, controls, colors: palette(root), width: 0, height: 0 };
  let waiting = 0;
  made.paint = () => {
    if (!made.width) return; // folded away
    ctx.clearRect(0, 0, made.width, made.height);
    draw(ctx, made.colors);
  };
  made.redraw = () => {
    waiting ||= requestAnimationFrame(() => { waiting = 0; made.paint(); });
  };
  new ResizeObserver(() => {
    made.width = board.clientWidth;
    if (!made.width) return;
    made.height = height(made.width);
    canvas.style.height = `${made.height}px`;
    canvas.width = Math.round(made.width * devicePixelRatio);
    canvas.height = Math.round(made.height * devicePixelRatio);
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    layout(made.width, made.height);
    made.paint();
  }).observe(board);
  made.tint = () => { // handles and keys of tables
    for (const each of root.querySelectorAll('[data-kind]')) each.style.setProperty('--dot', made.colors[each.dataset.kind]);
  };
  const recolour = () => { made.colors = palette(root); made.tint(); made.redraw(); };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', recolour);
  new MutationObserver(recolour).observe(document.documentElement, { attributeFilter: ['class', 'data-theme'] });
  return made;
}

/** A labelled slider. `show` words a value; `at` maps the slider's even steps to values (for a log scale). */
export function slider({ controls }, { label, min, max, step, value, show = String, to = Number, from = Number }, onInput) {
  const input = node('input', { type: 'range', min: from(min), max: from(max), step });
  const words = node('span', {});
  controls.append(node('label', {}, node('span', {}, label), words, input));
  const set = (next) => {
    input.value = from(next);
    words.textContent = show(next);
    input.setAttribute('aria-valuetext', show(next));
  };
  set(value);
  input.addEventListener('input', () => { const next = to(input.value); set(next); onInput(next); });
  return set;
}

export const LOG = { from: Math.log, to: (value) => Math.exp(value), step: 0.01 };

/** A labelled list of choices, { value: words }. */
export function choice({ controls }, { label, options, value }, onInput) {
  const select = node('select', {}, ...Object.entries(options).map(([key, words]) => node('option', { value: key }, words)));
  select.value = value;
  controls.append(node('label', {}, node('span', {}, label), select));
  select.addEventListener('change', () => onInput(select.value));
}

export function button({ controls }, words, onPress) {
  const made = node('button', { type: 'button' }, words);
  made.addEventListener('click', onPress);
  controls.append(made);
  return made;
}

/** Play and pause: nothing moves before the reader asks. `tick(seconds)` advances one frame and returns
 * false at its end; the canvas is then painted. */
export function player(made, tick) {
  let last = 0;
  let playing = false;
  const press = (on) => {
    playing = on;
    control.textContent = on ? 'Pause' : 'Play';
    last = 0;
    if (on) requestAnimationFrame(frame);
  };
  const control = button(made, 'Play', () => press(!playing));
  function frame(now) {
    if (!playing || !made.root.isConnected) return;
    const seconds = last ? Math.min(0.05, (now - last) / 1000) : 1 / 60;
    last = now;
    if (tick(seconds) === false) press(false);
    else requestAnimationFrame(frame);
    made.paint();
  }
  return { stop: () => press(false), playing: () => playing };
}

/** A point on the board, in the colour of `kind`, that is dragged, or moved by arrow keys. `onMove(x, y)` gets the pointer's place in
 * pixels, `onKey(right, up)` steps of one. Returns `place(x, y, words)`. */
export function handle({ board, tint }, kind, onMove, onKey) {
  const made = node('button', { type: 'button', class: 'handle', 'data-kind': kind });
  board.append(made);
  tint();
  const move = (event) => {
    const box = board.getBoundingClientRect();
    onMove(event.clientX - box.left, event.clientY - box.top);
  };
  made.addEventListener('pointerdown', (event) => made.setPointerCapture(event.pointerId));
  made.addEventListener('pointermove', (event) => { if (made.hasPointerCapture(event.pointerId)) move(event); });
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  made.addEventListener('keydown', (event) => {
    if (!steps[event.key]) return;
    event.preventDefault();
    onKey(...steps[event.key]);
  });
  return (x, y, words) => {
    made.style.left = `${x}px`;
    made.style.top = `${y}px`;
    made.setAttribute('aria-label', words);
  };
}

/** A table of numbers beside the picture: one row for each object, in its colour. Returns `fill(rows)`. */
export function table({ root, tint }, columns, kinds) {
  const cells = {};
  const rows = Object.entries(kinds).map(([kind, words]) => {
    cells[kind] = columns.map(() => node('td', {}));
    return node('tr', {}, node('th', { scope: 'row' }, node('span', { class: 'key', 'data-kind': kind }), words), ...cells[kind]);
  });
  const head = node('tr', {}, node('td', {}), ...columns.map((words) => node('th', { scope: 'col' }, words)));
  root.append(node('div', { class: 'readout' }, node('table', {}, node('thead', {}, head), node('tbody', {}, ...rows))));
  tint();
  return (kind, values) => values.forEach((value, i) => { cells[kind][i].textContent = value; });
}

export const clamp = (value, lo, hi) => Math.min(hi, Math.max(lo, value));
