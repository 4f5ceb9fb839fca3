// Made from src/noise.mjs by `python -m tools.figures`: edit that file.
const ANY = -1;

function mixture(weights, means, vars) {
  const K = weights.length;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const scratch = () => new Float64Array(K);
  return { K, dim: means.flat().length / K, means: Float64Array.from(means.flat()), vars: Float64Array.from(vars),
    weights: Float64Array.from(weights, (weight) => weight / total), v: scratch(), constant: scratch(), post: scratch() };
}

function prepare(m, sigma, cond) {
  for (let k = 0; k < m.K; k += 1) {
    m.v[k] = m.vars[k] + sigma * sigma;
    const prior = cond === ANY ? Math.log(m.weights[k]) : k === cond ? 0 : -Infinity;
    m.constant[k] = prior - 0.5 * m.dim * Math.log(2 * Math.PI * m.v[k]);
  }
}

function weigh(m, x, i) {
  const { K, dim, means, v, constant, post } = m;
  let top = -Infinity;
  for (let k = 0; k < K; k += 1) {
    let square = 0;
    for (let j = 0; j < dim; j += 1) {
      const apart = x[i * dim + j] - means[k * dim + j];
      square += apart * apart;
    }
    post[k] = constant[k] - (0.5 * square) / v[k];
    if (post[k] > top) top = post[k];
  }
  let sum = 0;
  for (let k = 0; k < K; k += 1) {
    post[k] = post[k] < top - 42 ? 0 : Math.exp(post[k] - top); // below rounding
    sum += post[k];
  }
  for (let k = 0; k < K; k += 1) post[k] /= sum;
  return top + Math.log(sum);
}

function logDensity(m, x, sigma, cond, out) {
  prepare(m, sigma, cond);
  for (let i = 0; i * m.dim < x.length; i += 1) out[i] = weigh(m, x, i);
  return out;
}

function posterior(m, x, sigma, out) {
  prepare(m, sigma, ANY);
  for (let i = 0; i * m.dim < x.length; i += 1) {
    weigh(m, x, i);
    out.set(m.post, i * m.K);
  }
  return out;
}

function average(m, x, sigma, g, cond, out) {
  const { K, dim, means, vars, v, post } = m;
  prepare(m, sigma, ANY);
  for (let i = 0; i * dim < x.length; i += 1) {
    weigh(m, x, i);
    for (let j = i * dim; j < (i + 1) * dim; j += 1) out[j] = 0;
    for (let k = 0; k < K; k += 1) {
      const c = (1 - g) * post[k] + (k === cond ? g : 0);
      if (c === 0) continue;
      for (let j = 0; j < dim; j += 1) {
        const mean = means[k * dim + j];
        out[i * dim + j] += c * (mean + (vars[k] / v[k]) * (x[i * dim + j] - mean));
      }
    }
  }
  return out;
}

const denoiser = (m, cond = ANY) => (x, sigma, out) => average(m, x, sigma, cond === ANY ? 0 : 1, cond, out);

const cfg = (m, g, cond) => (x, sigma, out) => average(m, x, sigma, g, cond, out);

const forcing = (D, target, K) => (x, sigma, out) => {
  D(x, sigma, out);
  const pull = sigma * sigma * K(sigma);
  for (let j = 0; j < x.length; j += 1) out[j] += pull * (target[j % target.length] - x[j]);
  return out;
};

const denoisedFeature = (D, target, kappa) => (x, sigma, out) => {
  D(x, sigma, out);
  for (let j = 0; j < x.length; j += 1) out[j] += kappa * (target[j % target.length] - out[j]);
  return out;
};

function score(m, x, sigma, cond, out) {
  const { K, dim, means, v, post } = m;
  prepare(m, sigma, cond);
  for (let i = 0; i * dim < x.length; i += 1) {
    weigh(m, x, i);
    for (let j = 0; j < dim; j += 1) {
      let sum = 0;
      for (let k = 0; k < K; k += 1) sum += (post[k] * (means[k * dim + j] - x[i * dim + j])) / v[k];
      out[i * dim + j] = sum;
    }
  }
  return out;
}

const slope = (m) => (x, sigma, vec, out) => {
  const { K, dim, means, vars, v, post } = m;
  prepare(m, sigma, ANY);
  for (let i = 0; i * dim < x.length; i += 1) {
    weigh(m, x, i);
    const row = i * dim;
    for (let j = 0; j < dim; j += 1) out[row + j] = 0;
    let [keep, along] = [0, 0]; // sum_k p_k var_k/v_k, and D . vec
    const guess = (k, j) => means[k * dim + j] + (vars[k] / v[k]) * (x[row + j] - means[k * dim + j]);
    for (let k = 0; k < K; k += 1) {
      if (post[k] < 1e-18) continue;
      keep += (post[k] * vars[k]) / v[k];
      for (let j = 0; j < dim; j += 1) along += post[k] * guess(k, j) * vec[row + j];
    }
    for (let k = 0; k < K; k += 1) { // sum_k p_k [(D_k - D) . vec] (mu_k - x)/v_k
      if (post[k] < 1e-18) continue;
      let far = -along;
      for (let j = 0; j < dim; j += 1) far += guess(k, j) * vec[row + j];
      for (let j = 0; j < dim; j += 1) out[row + j] += ((post[k] * far) / v[k]) * (means[k * dim + j] - x[row + j]);
    }
    for (let j = 0; j < dim; j += 1) out[row + j] += keep * vec[row + j];
  }
  return out;
};
const COLORS = { conditional: '#009E73', mixture: '#4D4D4D', tilted: '#999999', ode: '#D55E00', sde: '#0072B2',
  feature: '#CC79A7', class0: '#56B4E9', class1: '#E69F00' };
const DASHES = { tilted: [6, 4], mixture: [2, 2.5] };
const SOLID = [];

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

function node(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const rgb = (parts, alpha = 1) => `rgb(${parts.map(Math.round).join(' ')} / ${alpha})`;
const parse = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const mix = (a, b, share) => a.map((value, i) => value + share * (b[i] - value));

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

function stage(el, { label, height, layout, draw }) {
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

function slider({ controls }, { label, min, max, step, value, show = String, to = Number, from = Number }, onInput) {
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

const LOG = { from: Math.log, to: (value) => Math.exp(value), step: 0.01 };

function choice({ controls }, { label, options, value }, onInput) {
  const select = node('select', {}, ...Object.entries(options).map(([key, words]) => node('option', { value: key }, words)));
  select.value = value;
  controls.append(node('label', {}, node('span', {}, label), select));
  select.addEventListener('change', () => onInput(select.value));
}

function button({ controls }, words, onPress) {
  const made = node('button', { type: 'button' }, words);
  made.addEventListener('click', onPress);
  controls.append(made);
  return made;
}

function player(made, tick) {
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

function handle({ board, tint }, kind, onMove, onKey) {
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

function table({ root, tint }, columns, kinds) {
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

const clamp = (value, lo, hi) => Math.min(hi, Math.max(lo, value));
function panel([left, top, width, height], [x0, x1], [y0, y1], log = false) {
  const scale = log ? Math.log : Number;
  const kx = width / (scale(x1) - scale(x0));
  const ky = height / (y1 - y0);
  return { left, top, width, height, x0, x1, y0, y1,
    X: (x) => left + (scale(x) - scale(x0)) * kx,
    Y: (y) => top + (y1 - y) * ky,
    atX: (px) => (log ? Math.exp((px - left) / kx + Math.log(x0)) : x0 + (px - left) / kx),
    atY: (py) => y1 - (py - top) / ky };
}

function setFont(ctx, size = 12, weight = 400) {
  ctx.font = `${weight} ${size}px "Source Sans 3", system-ui, sans-serif`;
}

function words(ctx, text, x, y, color, align = 'left') {
  ctx.fillStyle = color;
  ctx.textAlign = align;
  ctx.fillText(text, x, y);
}

const show = (value) => (value < 0 ? `−${-value}` : `${value}`);

function axes(ctx, p, colors, { xticks = [], yticks = [], xlabel = '', title = '' }) {
  const bottom = p.top + p.height;
  ctx.strokeStyle = colors.line;
  ctx.lineWidth = 1;
  ctx.setLineDash(SOLID);
  ctx.beginPath();
  ctx.moveTo(p.left, p.top);
  ctx.lineTo(p.left, bottom);
  ctx.lineTo(p.left + p.width, bottom);
  for (const tick of xticks) { ctx.moveTo(p.X(tick), bottom); ctx.lineTo(p.X(tick), bottom + 4); }
  for (const tick of yticks) { ctx.moveTo(p.left, p.Y(tick)); ctx.lineTo(p.left - 4, p.Y(tick)); }
  ctx.stroke();
  setFont(ctx);
  for (const tick of xticks) words(ctx, show(tick), p.X(tick), bottom + 16, colors.quiet, 'center');
  for (const tick of yticks) words(ctx, show(tick), p.left - 7, p.Y(tick) + 4, colors.quiet, 'right');
  words(ctx, xlabel, p.left + p.width / 2, bottom + 31, colors.quiet, 'center');
  setFont(ctx, 12.5, 600);
  words(ctx, title, p.left, p.top - 9, colors.ink);
  setFont(ctx);
}

function inside(ctx, p, paint) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(p.left, p.top, p.width, p.height);
  ctx.clip();
  paint();
  ctx.restore();
}

function curve(ctx, p, xs, ys, color, kind = '', width = 2, fill = 0) {
  ctx.beginPath();
  for (let i = 0; i < xs.length; i += 1) ctx.lineTo(p.X(xs[i]), p.Y(ys[i]));
  ctx.strokeStyle = color;
  ctx.lineWidth = width;
  ctx.lineJoin = 'round';
  ctx.setLineDash(DASHES[kind] ?? SOLID);
  ctx.stroke();
  ctx.setLineDash(SOLID);
  if (!fill) return;
  ctx.lineTo(p.X(xs[xs.length - 1]), p.Y(0));
  ctx.lineTo(p.X(xs[0]), p.Y(0));
  ctx.globalAlpha = fill;
  ctx.fillStyle = color;
  ctx.fill();
  ctx.globalAlpha = 1;
}

function line(ctx, x0, y0, x1, y1, color, width = 1) {
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.strokeStyle = color;
  ctx.lineWidth = width;
  ctx.stroke();
}

function dot(ctx, x, y, radius, color) {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fillStyle = color;
  ctx.fill();
}

function niceStep(top) {
  const power = 10 ** Math.floor(Math.log10(top / 2));
  return [5, 2, 1].find((factor) => factor * power * 2 <= top) * power;
}
function random(seed) {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  const bits = () => {
    state = (state + 0x9e3779b9) | 0;
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  const uniform = () => (bits() + 0.5) / 2 ** 32;
  let spare = NaN;
  const normal = () => { // Box and Muller, two at a time
    if (!Number.isNaN(spare)) {
      const kept = spare;
      spare = NaN;
      return kept;
    }
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  return { uniform, normal };
}

function sample(m, n, rng) {
  const x = new Float64Array(n * m.dim);
  const labels = new Uint8Array(n);
  for (let i = 0; i < n; i += 1) {
    let k = 0;
    for (let rest = rng.uniform() - m.weights[0]; rest > 0 && k < m.K - 1; rest -= m.weights[k]) k += 1;
    labels[i] = k;
    for (let j = 0; j < m.dim; j += 1) x[i * m.dim + j] = m.means[k * m.dim + j] + Math.sqrt(m.vars[k]) * rng.normal();
  }
  return { x, labels };
}

function geometricSigmas(n, sigmaMin, sigmaMax) {
  const ratio = (sigmaMin / sigmaMax) ** (1 / (n - 1));
  return Float64Array.from({ length: n + 1 }, (_, i) => (i < n ? sigmaMax * ratio ** i : 0));
}

const workspace = (length) => [0, 1, 2].map(() => new Float64Array(length));

function step(D, x, sigma, next, beta, [d], rng) {
  D(x, sigma, d);
  const ratio = next / sigma;
  const keep = ratio ** (1 / beta);
  const spread = beta < 1 && next > 0 ? next * Math.sqrt(1 - ratio ** (2 / beta - 2)) : 0;
  for (let j = 0; j < x.length; j += 1) {
    x[j] = d[j] + keep * (x[j] - d[j]);
    if (spread) x[j] += spread * rng.normal();
  }
}

function heunStep(D, x, sigma, next, [d, trial, dNext]) {
  D(x, sigma, d);
  for (let j = 0; j < x.length; j += 1) trial[j] = d[j] + (next / sigma) * (x[j] - d[j]);
  if (next > 0) D(trial, next, dNext);
  for (let j = 0; j < x.length; j += 1) {
    const slope = (x[j] - d[j]) / sigma;
    const slopeNext = next > 0 ? (trial[j] - dNext[j]) / next : slope;
    x[j] += 0.5 * (next - sigma) * (slope + slopeNext);
  }
}
const EDGE = 7;
const N = 2000;
const POINTS = 281;
const TICKS = [-6, -3, 0, 3, 6];

function render({ model, el }) {
  const [weights, means, widths] = ['weights', 'means', 'widths'].map((key) => [...model.get(key)]);
  let sigma = model.get('sigma');
  let probe = model.get('probe');
  const K = weights.length;
  const kinds = ['class0', 'class1', 'feature'];

  const xs = Float64Array.from({ length: POINTS }, (_, i) => EDGE * ((2 * i) / (POINTS - 1) - 1));
  const array = (n) => new Float64Array(n);
  const [density, slope, guess, at, atScore, atGuess] = [POINTS, POINTS, POINTS, 1, 1, 1].map(array);
  const post = array(POINTS * K);
  const shares = Array.from({ length: K }, () => array(POINTS));
  const parts = Array.from({ length: K }, () => array(POINTS));
  const rng = random(1);
  const draws = (make) => Float64Array.from({ length: N }, make);
  const [which, within, noise] = [draws(rng.uniform), draws(rng.normal), draws(rng.normal)];
  const [clean, noisy] = [array(N), array(N)];
  const label = new Uint8Array(N);
  let m;
  let panels;

  function compute() {
    m = mixture(weights, means, widths.map((width) => width ** 2));
    level();
  }

  function level() {
    logDensity(m, xs, sigma, ANY, density);
    posterior(m, xs, sigma, post);
    score(m, xs, sigma, ANY, slope);
    denoiser(m)(xs, sigma, guess);
    for (let i = 0; i < POINTS; i += 1) {
      density[i] = Math.exp(density[i]);
      for (let k = 0; k < K; k += 1) {
        shares[k][i] = post[i * K + k];
        parts[k][i] = post[i * K + k] * density[i];
      }
    }
    at[0] = probe;
    score(m, at, sigma, ANY, atScore);
    denoiser(m)(at, sigma, atGuess);
    for (let i = 0; i < N; i += 1) {
      let k = 0;
      for (let rest = which[i] - m.weights[0]; rest > 0 && k < K - 1; rest -= m.weights[k]) k += 1;
      label[i] = k;
      clean[i] = means[k] + widths[k] * within[i];
      noisy[i] = clean[i] + sigma * noise[i];
    }
    if (panels) scaleDensity();
  }

  function scaleDensity() {
    let top = 0;
    for (let i = 0; i < POINTS; i += 1) top = Math.max(top, density[i]);
    const { left, top: up, width, height } = panels[0];
    panels[0] = panel([left, up, width, height], [-EDGE, EDGE], [0, 1.25 * top]);
    const tick = niceStep(1.25 * top);
    panels[0].ticks = [0, tick, Number((2 * tick).toPrecision(2))];
    for (let k = 0; k < K; k += 1) {
      const peak = m.weights[k] / Math.sqrt(2 * Math.PI * (widths[k] ** 2 + sigma ** 2));
      place[k](panels[0].X(means[k]), panels[0].Y(peak),
        `Class ${k}: mean ${means[k].toFixed(1)}, weight ${m.weights[k].toFixed(2)}. Arrow keys move it.`);
    }
  }

  const made = stage(el, {
    label: 'Four curves over the noisy point x: density, class probabilities, score and denoiser of the mixture.',
    height: (width) => (width < 520 ? 740 : 462),
    layout(width) {
      const narrow = width < 520;
      const w = narrow ? width - 40 : (width - 96) / 2;
      const h = narrow ? 130 : 160;
      const box = (i) => (narrow ? [32, 24 + i * 182, w, h] : [32 + (i % 2) * (w + 56), 24 + Math.floor(i / 2) * 228, w, h]);
      const ranges = [[0, 1], [0, 1.06], [-5, 5], [-5, 5]];
      panels = ranges.map((range, i) => panel(box(i), [-EDGE, EDGE], range));
      scaleDensity();
    },
    draw(ctx, colors) {
      const [p, q, s, d] = panels;
      axes(ctx, p, colors, { xticks: TICKS, yticks: p.ticks, title: 'density of noisy points' });
      axes(ctx, q, colors, { xticks: TICKS, yticks: [0, 0.5, 1], title: 'probability of each class' });
      axes(ctx, s, colors, { xticks: TICKS, yticks: [-4, 0, 4], title: 'score s', xlabel: s.top === d.top ? 'noisy point x' : '' });
      axes(ctx, d, colors, { xticks: TICKS, yticks: [-4, 0, 4], title: 'denoiser D, clean against noisy', xlabel: 'noisy point x' });
      for (const each of panels) line(ctx, each.X(probe), each.top, each.X(probe), each.top + each.height, colors.line);
      inside(ctx, d, () => {
        for (let k = 0; k < K; k += 1) {
          ctx.fillStyle = colors[kinds[k]];
          ctx.globalAlpha = 0.55;
          for (let i = 0; i < N; i += 1) if (label[i] === k) ctx.fillRect(d.X(noisy[i]) - 0.9, d.Y(clean[i]) - 0.9, 1.8, 1.8);
          ctx.globalAlpha = 1;
        }
        line(ctx, d.X(-5), d.Y(-5), d.X(5), d.Y(5), colors.line);
        curve(ctx, d, xs, guess, colors.ink);
      });
      inside(ctx, s, () => {
        line(ctx, s.left, s.Y(0), s.left + s.width, s.Y(0), colors.faint);
        curve(ctx, s, xs, slope, colors.ink);
      });
      inside(ctx, p, () => {
        for (let k = 0; k < K; k += 1) curve(ctx, p, xs, parts[k], colors[kinds[k]], '', 1.5, 0.25);
        curve(ctx, p, xs, density, colors.ink);
      });
      for (let k = 0; k < K; k += 1) {
        curve(ctx, q, xs, shares[k], colors[kinds[k]]);
        const right = means[k] > 0;
        words(ctx, `class ${k}`, right ? q.left + q.width - 4 : q.left + 6, q.Y(1) + 15, colors.text[kinds[k]], right ? 'right' : 'left');
      }
      dot(ctx, s.X(probe), s.Y(clamp(atScore[0], -5, 5)), 4, colors.ink);
      dot(ctx, d.X(probe), d.Y(atGuess[0]), 4, colors.ink);
      words(ctx, 'x itself', d.X(4.1), d.Y(3.1), colors.quiet);
      readout.textContent = `x = ${sign(probe)}:  s = ${sign(atScore[0])},  x + σ²s = ${sign(probe + sigma ** 2 * atScore[0])} = D`;
    },
  });
  const sign = (value) => value.toFixed(2).replace('-', '−');
  const changed = (compute_) => () => { compute_(); made.redraw(); };

  let up = true;
  player(made, (seconds) => { // up and down between the ends, in log sigma
    const next = sigma * Math.exp((up ? 1 : -1) * 1.1 * seconds);
    up = next >= 4 ? false : next <= 0.05 ? true : up;
    sigma = clamp(next, 0.05, 4);
    showSigma(sigma);
    level();
  });
  const showSigma = slider(made, { label: 'noise level σ', min: 0.05, max: 4, value: sigma, ...LOG, show: (v) => v.toFixed(2) },
    (value) => { sigma = value; changed(level)(); });
  slider(made, { label: 'noisy point x', min: -6, max: 6, step: 0.05, value: probe, show: sign },
    (value) => { probe = value; changed(level)(); });
  const reweigh = (k, weight) => {
    const rest = weights.reduce((sum, value, j) => (j === k ? sum : sum + value), 0);
    for (let j = 0; j < K; j += 1) weights[j] = j === k ? clamp(weight, 0.05, 0.95) : (weights[j] / rest) * (1 - clamp(weight, 0.05, 0.95));
  };
  const place = means.map((_, k) => handle(made, kinds[k],
    (px, py) => {
      means[k] = clamp(panels[0].atX(px), -5, 5);
      if (K > 1) reweigh(k, panels[0].atY(py) * Math.sqrt(2 * Math.PI * (widths[k] ** 2 + sigma ** 2)));
      changed(compute)();
    },
    (right, higher) => {
      means[k] = clamp(means[k] + 0.1 * right, -5, 5);
      if (K > 1 && higher) reweigh(k, m.weights[k] + 0.02 * higher);
      changed(compute)();
    }));
  const readout = document.createElement('p');
  readout.className = 'readout';
  made.root.append(readout);
  compute();
}

export default { render };
