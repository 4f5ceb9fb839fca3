// Made from src/rules.mjs by `python -m tools.figures`: edit that file.
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
function scratch() {
  let made = new Float64Array(0);
  return (length) => (made.length === length ? made : (made = new Float64Array(length)));
}

function modelOf(all, one, blur) {
  const blurred = (D) => (x, sigma, out) => {
    const share = (sigma * sigma) / (sigma * sigma + blur * blur);
    D(x, Math.hypot(sigma, blur), out);
    for (let j = 0; j < x.length; j += 1) out[j] = x[j] + share * (out[j] - x[j]);
    return out;
  };
  const blurredSlope = (J) => (x, sigma, vec, out) => {
    const share = (sigma * sigma) / (sigma * sigma + blur * blur);
    J(x, Math.hypot(sigma, blur), vec, out);
    for (let j = 0; j < x.length; j += 1) out[j] = (1 - share) * vec[j] + share * out[j];
    return out;
  };
  const [of, ofSlope] = blur > 0 ? [blurred, blurredSlope] : [(D) => D, (J) => J];
  return { dim: all.dim, plain: of(denoiser(all)), ofClass: of(denoiser(one)), slopeOfClass: ofSlope(slope(one)) };
}

function extrapolate(bad, good, g) {
  const other = scratch();
  return (x, sigma, out) => {
    const b = bad(x, sigma, other(x.length));
    good(x, sigma, out);
    for (let j = 0; j < x.length; j += 1) out[j] = b[j] + g * (out[j] - b[j]);
    return out;
  };
}

const interval = (guided, plain, lo, hi) => (x, sigma, out) => (sigma > lo && sigma <= hi ? guided : plain)(x, sigma, out);

function byRow({ dim, plain, ofClass }, each) {
  const other = scratch();
  return (x, sigma, out) => {
    const free = plain(x, sigma, other(x.length));
    ofClass(x, sigma, out);
    for (let i = 0; i < x.length; i += dim) each(i, x, sigma, free, out);
    return out;
  };
}

const apg = (model, g) => byRow(model, (i, x, sigma, free, out) => {
  let [along, square] = [0, 0];
  for (let j = i; j < i + model.dim; j += 1) {
    along += (out[j] - free[j]) * out[j];
    square += out[j] * out[j];
  }
  const share = square > 0 ? along / square : 0;
  for (let j = i; j < i + model.dim; j += 1) out[j] += (g - 1) * (out[j] - free[j] - share * out[j]);
});

const rescaled = (model, g, phi = 0.7) => byRow(model, (i, x, sigma, free, out) => {
  const n = model.dim;
  const spread = (v) => {
    let [mean, sum] = [0, 0];
    for (let j = i; j < i + n; j += 1) mean += v(j) / n;
    for (let j = i; j < i + n; j += 1) sum += (v(j) - mean) ** 2;
    return Math.sqrt(sum);
  };
  const still = (j) => x[j] / (1 + sigma * sigma);
  const guided = (j) => free[j] + g * (out[j] - free[j]);
  const after = spread((j) => still(j) - guided(j));
  const c = phi * (after > 0 ? spread((j) => still(j) - out[j]) / after : 1) + 1 - phi;
  for (let j = i; j < i + n; j += 1) out[j] = still(j) + c * (guided(j) - still(j));
});

const zeroStar = (model, g) => byRow(model, (i, x, sigma, free, out) => {
  let [along, square] = [0, 0];
  const v = (D, j) => x[j] - (1 + sigma) * D[j];
  for (let j = i; j < i + model.dim; j += 1) {
    along += v(out, j) * v(free, j);
    square += v(free, j) ** 2;
  }
  const s = square > 0 ? along / square : 0;
  for (let j = i; j < i + model.dim; j += 1) out[j] -= ((g - 1) / (1 + sigma)) * (v(out, j) - s * v(free, j));
});

function reg({ plain, ofClass, slopeOfClass }, g) {
  const [other, ones, sums] = [scratch(), scratch(), scratch()];
  return (x, sigma, out) => {
    const free = plain(x, sigma, other(x.length));
    const factor = slopeOfClass(x, sigma, ones(x.length).fill(1), sums(x.length));
    ofClass(x, sigma, out);
    for (let j = 0; j < x.length; j += 1) out[j] += (g - 1) * factor[j] * (out[j] - free[j]);
    return out;
  };
}

const cfgppScale = (dial, sigma, next) => dial / (1 - next / sigma);
const N = 1000; // points of each rule
const PARTS = 24; // Gaussians of each half ring
const WIDTH = 0.12;
const BLURS = { exact: 0, blurred: 0.2, bad: 0.4 };

function halfRings() {
  const ring = Array.from({ length: PARTS }, (_, i) => (Math.PI * i) / (PARTS - 1)).map((t) => [2 * Math.cos(t), 2 * Math.sin(t)]);
  const make = (means) => mixture(means.map(() => 1), means, means.map(() => WIDTH ** 2));
  return { one: make(ring), all: make([...ring, ...ring.map(([a, b]) => [2 - a, 1 - b])]) };
}

function ruleOf(name, g, blur, { one, all }) {
  const model = modelOf(all, one, blur);
  const guided = () => extrapolate(model.plain, model.ofClass, g);
  return {
    plain: () => model.plain,
    conditional: () => model.ofClass,
    cfg: guided,
    late: () => interval(guided(), model.ofClass, 0, 0.5),
    apg: () => apg(model, g),
    rescaled: () => rescaled(model, g),
    zero: () => zeroStar(model, g),
    reg: () => reg(model, g),
    auto: () => extrapolate(modelOf(all, one, BLURS.bad).ofClass, model.ofClass, g),
  }[name]();
}

function evenly(one) {
  const turn = 1.16730397826141868; // t^5 = t + 1
  const [clean, noise] = [0, 1].map(() => new Float64Array(2 * N));
  for (let i = 0; i < N; i += 1) {
    const part = (k) => (0.5 + (i + 1) * turn ** -k) % 1;
    const k = Math.floor(((i + 0.5) / N) * PARTS);
    const [a, b] = [Math.sqrt(-2 * Math.log(part(1))), Math.sqrt(-2 * Math.log(part(2)))];
    const [s, t] = [2 * Math.PI * part(3), 2 * Math.PI * part(4)];
    for (const [j, f] of [[0, Math.cos], [1, Math.sin]]) {
      clean[2 * i + j] = one.means[2 * k + j] + WIDTH * a * f(s);
      noise[2 * i + j] = b * f(t);
    }
  }
  return { clean, noise };
}

function away(points, i) {
  const [a, b] = [points[2 * i], points[2 * i + 1]];
  return b > 0 ? Math.abs(Math.hypot(a, b) - 2) : Math.hypot(Math.abs(a) - 2, b);
}
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
const BLOCK = 100; // points that are computed in one frame after a change
const KEPT = 10; // points that leave a trace
const STEPS = 32;
const SIGMAS = geometricSigmas(STEPS, 0.015, 40);
const SLICES = 8; // directions along which the distance is measured
const SECONDS = 5;
const [CENTRE, ZOOM] = [[0.6, 0.65], 0.9]; // of the picture: at noise sigma it shows (x - centre)/sqrt(1 + (sigma/ZOOM)^2)
const [WIDE, TALL] = [7.4, 4.7];
const MODELS = { exact: 'exact', blurred: 'blurs by 0.2' };
const RULES = { plain: 'unconditional', conditional: 'conditional', cfg: 'CFG', late: 'CFG where σ ≤ 0.5', plus: 'CFG++',
  apg: 'APG', rescaled: 'rescaled CFG', zero: 'CFG-Zero*', reg: 'REG', auto: 'autoguidance' };

function render({ model, el }) {
  const set = Object.fromEntries(['model', 'first', 'firstScale', 'second', 'secondScale', 'seed'].map((key) => [key, model.get(key)]));
  const world = halfRings();
  const start = new Float64Array(2 * N);
  const work = workspace(2 * BLOCK);
  const x = new Float64Array(2 * BLOCK);
  const post = new Float64Array(2 * N * 2 * PARTS);
  const line = new Float64Array(N);
  const sides = ['first', 'second'].map((key, i) => ({ key, kind: ['ode', 'sde'][i], paths: new Float64Array((STEPS + 1) * 2 * N),
    wrong: new Uint8Array(N), filled: 0, report: [], box: null }));
  let reached = STEPS; // steps done, with a fraction

  const directions = Array.from({ length: SLICES }, (_, k) => [Math.cos((Math.PI * k) / SLICES), Math.sin((Math.PI * k) / SLICES)]);
  function project(points, [a, b]) {
    for (let i = 0; i < N; i += 1) line[i] = a * points[2 * i] + b * points[2 * i + 1];
    return line.sort();
  }

  function measure(points, sigma, wrong) {
    let [square, share] = [0, 0];
    const mean = [0, 0];
    for (let j = 0; j < 2 * N; j += 1) mean[j % 2] += points[j] / N;
    for (let j = 0; j < 2 * N; j += 1) square += (points[j] - mean[j % 2]) ** 2 / N;
    posterior(world.all, points, sigma, post);
    for (let i = 0; i < N; i += 1) {
      let p = 0;
      for (let k = 0; k < PARTS; k += 1) p += post[2 * PARTS * i + k];
      if (wrong) wrong[i] = p < 0.5 ? 1 : 0;
      share += p < 0.5 ? 1 / N : 0;
    }
    return { spread: Math.sqrt(square), share };
  }

  const { clean, noise } = evenly(world.one);
  const truth = Array.from(SIGMAS, (sigma) => {
    const points = clean.map((value, j) => value + sigma * noise[j]);
    const apart = Array.from({ length: N }, (_, i) => away(points, i)).sort((a, b) => a - b);
    return { ...measure(points, sigma), edge: apart[0.99 * N], lines: directions.map((each) => project(points, each).slice()) };
  });

  function begin() {
    const rng = random(set.seed);
    for (let j = 0; j < 2 * N; j += 1) start[j] = SIGMAS[0] * rng.normal();
  }

  function block(side) {
    const from = 2 * side.filled;
    const [name, g] = [set[side.key], set[`${side.key}Scale`]];
    const plain = name === 'plus' ? modelOf(world.all, world.one, BLURS[set.model]) : null;
    x.set(start.subarray(from, from + 2 * BLOCK));
    for (let j = 0; j <= STEPS; j += 1) {
      side.paths.set(x, 2 * N * j + from);
      if (j === STEPS) break;
      const [sigma, next] = [SIGMAS[j], SIGMAS[j + 1]];
      if (plain) step(extrapolate(plain.plain, plain.ofClass, cfgppScale(g / 8, sigma, next)), x, sigma, next, 1, work);
      else heunStep(side.D, x, sigma, next, work);
    }
    side.filled += BLOCK;
    if (side.filled < N) return;
    side.report = truth.map((of, j) => {
      const points = side.paths.subarray(2 * N * j, 2 * N * (j + 1));
      const { spread, share } = measure(points, SIGMAS[j], side.wrong); // the last one says where they end
      let [far, off] = [0, 0];
      for (let i = 0; i < N; i += 1) if (away(points, i) > of.edge) off += 1 / N;
      directions.forEach((each, k) => project(points, each).forEach((value, i) => { far += Math.abs(value - of.lines[k][i]); }));
      return [spread / of.spread, share, off, far / (N * SLICES * Math.hypot(1, SIGMAS[j]))];
    });
    tell();
  }

  let waiting = 0;
  function run(changed, atOnce) {
    for (const side of changed) {
      side.filled = 0;
      if (set[side.key] !== 'plus') side.D = ruleOf(set[side.key], set[`${side.key}Scale`], BLURS[set.model], world);
    }
    const more = () => {
      waiting = 0;
      const todo = sides.filter((side) => side.filled < N);
      todo.forEach(block);
      if (!atOnce) made.redraw();
      if (todo.length && atOnce) more();
      else if (todo.length) waiting = requestAnimationFrame(more);
    };
    if (!waiting) more();
  }

  const number = (value, digits) => value.toFixed(digits);
  const values = ([spread, share, off, far]) => [number(spread, 2), `${number(100 * share, 1)} %`, `${number(100 * off, 1)} %`, number(far, 3)];
  function tell() {
    const j = Math.round(reached);
    fill('conditional', values([1, truth[j].share, 0.01, 0]));
    for (const side of sides) if (side.report.length) fill(side.kind, values(side.report[j]));
  }

  const now = () => {
    const j = Math.min(STEPS - 1, Math.floor(reached));
    const to = Math.max(SIGMAS[j + 1], 0.005);
    return reached === STEPS ? 0 : SIGMAS[j] * (to / SIGMAS[j]) ** (reached - j);
  };
  const zoomAt = (sigma) => 1 / Math.hypot(1, sigma / ZOOM);

  function place({ paths, box }, i, j, part) {
    const at = 2 * (N * j + i);
    const to = at + (j < STEPS ? 2 * N : 0);
    const [a, b] = [zoomAt(SIGMAS[j]), zoomAt(SIGMAS[Math.min(STEPS, j + 1)])];
    const put = (k) => (1 - part) * a * (paths[at + k] - CENTRE[k]) + part * b * (paths[to + k] - CENTRE[k]);
    return [box.x + box.unit * put(0), box.y - box.unit * put(1)];
  }

  const made = stage(el, {
    label: 'Two pictures of the same world, two interleaved half rings, and in each the points that one rule makes from the same noise. The table gives their spread, the shares in the wrong class and off the ring, and the distance to the class.',
    height: (width) => (width < 520 ? 2 * (24 + (width * TALL) / WIDE) + 10 : 24 + ((width - 20) / 2) * (TALL / WIDE)),
    layout(width) {
      const wide = width < 520 ? width : (width - 20) / 2;
      const tall = (wide * TALL) / WIDE;
      sides.forEach((side, i) => {
        const [left, top] = width < 520 ? [0, i * (tall + 34)] : [i * (wide + 20), 0];
        side.box = { left, top, wide, tall, x: left + wide / 2, y: top + 24 + tall / 2, unit: wide / WIDE };
      });
    },
    draw(ctx, colors) {
      for (const side of sides) {
        const { box } = side;
        setFont(ctx, 12.5, 600);
        words(ctx, title(side), box.left, box.top + 14, colors.text[side.kind]);
        setFont(ctx);
        ctx.save();
        ctx.beginPath();
        ctx.rect(box.left, box.top + 24, box.wide, box.tall);
        ctx.clip();
        ring(ctx, box, 0, colors.conditional, 0.28);
        ring(ctx, box, PARTS, colors.mixture, 0.16);
        drawPoints(ctx, side, colors);
        ctx.restore();
        ctx.strokeStyle = colors.faint;
        ctx.strokeRect(box.left + 0.5, box.top + 24.5, box.wide - 1, box.tall - 1);
      }
    },
  });

  function title({ key }) {
    const [name, g] = [set[key], set[`${key}Scale`]];
    return RULES[name] + (scaleWords(name, g) === '–' ? '' : `, ${scaleWords(name, g)}`);
  }

  const scaleWords = (name, g) => {
    if (name === 'plain' || name === 'conditional') return '–';
    return name === 'plus' ? `g₊₊ = ${number(g / 8, 2)}` : `g = ${number(g, 1)}`;
  };

  function ring(ctx, box, first, color, alpha) {
    const unit = box.unit * zoomAt(now());
    const { means } = world.all;
    ctx.beginPath();
    for (let k = first; k < first + PARTS; k += 1) ctx.lineTo(box.x + unit * (means[2 * k] - CENTRE[0]), box.y - unit * (means[2 * k + 1] - CENTRE[1]));
    ctx.globalAlpha = alpha;
    ctx.strokeStyle = color;
    ctx.lineWidth = 3 * WIDTH * unit;
    ctx.lineCap = ctx.lineJoin = 'round';
    ctx.stroke();
    ctx.globalAlpha = 1;
  }

  function drawPoints(ctx, side, colors) {
    const j = Math.min(STEPS - 1, Math.floor(reached));
    const part = reached - j;
    ctx.strokeStyle = colors[side.kind];
    ctx.lineWidth = 1;
    ctx.globalAlpha = 0.55;
    for (let i = 0; i < Math.min(KEPT, side.filled) && reached < STEPS; i += 1) {
      ctx.beginPath();
      for (let k = 0; k <= j; k += 1) ctx.lineTo(...place(side, i, k, 0));
      ctx.lineTo(...place(side, i, j, part));
      ctx.stroke();
    }
    ctx.globalAlpha = 0.75;
    for (const end of [0, 1]) {
      ctx.fillStyle = end ? colors.ink : colors[side.kind];
      for (let i = 0; i < side.filled; i += 1) {
        if (side.wrong[i] !== end) continue;
        const [a, b] = place(side, i, j, part);
        ctx.fillRect(a - 1, b - 1, 2, 2);
      }
    }
    ctx.globalAlpha = 1;
  }

  const wind = (to) => { reached = clamp(to, 0, STEPS); tell(); };
  player(made, (seconds) => {
    wind((reached === STEPS ? 0 : reached) + (seconds * STEPS) / SECONDS);
    showTime(reached / STEPS);
    return reached < STEPS;
  });
  const showTime = slider(made, { label: 'progress', min: 0, max: 1, step: 0.002, value: 1, show: () => `σ = ${Number(now().toPrecision(2))}` },
    (value) => { wind(value * STEPS); showTime(value); made.redraw(); });
  choice(made, { label: 'the model', options: MODELS, value: set.model }, (value) => { set.model = value; run(sides, false); });
  slider(made, { label: 'seed', min: 1, max: 30, step: 1, value: set.seed }, (value) => { set.seed = value; begin(); run(sides, false); });
  for (const side of sides) {
    const { key } = side;
    choice(made, { label: `${key} rule`, options: RULES, value: set[key] }, (value) => {
      set[key] = value;
      showScale(set[`${key}Scale`]);
      run([side], false);
    });
    const showScale = slider(made, { label: `${key} scale`, min: 0, max: 8, step: 0.1, value: set[`${key}Scale`], show: (g) => scaleWords(set[key], g) },
      (value) => { set[`${key}Scale`] = value; run([side], false); });
  }
  const fill = table(made, ['spread', 'wrong class', 'off the ring', 'distance'], { conditional: 'true class', ode: 'first rule', sde: 'second rule' });
  begin();
  run(sides, true);
}

export default { render };
