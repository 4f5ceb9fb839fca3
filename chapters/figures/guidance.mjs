// Made from src/guidance.mjs by `python -m tools.figures`: edit that file.
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
function ndtr(z) {
  const a = Math.abs(z);
  const phi = normalDensity(a);
  let tail;
  if (a < 3) { // 1/2 - phi (a + a^3/3 + a^5/15 + ...)
    let sum = a;
    for (let term = a, k = 3; term > 1e-17 * sum; k += 2) sum += term *= (a * a) / k;
    tail = 0.5 - phi * sum;
  } else { // Laplace's continued fraction
    let fraction = a;
    for (let k = 60; k > 0; k -= 1) fraction = a + k / fraction;
    tail = phi / fraction;
  }
  return z < 0 ? tail : 1 - tail;
}

const normalDensity = (z) => Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);

function gridFor(m, cond, n, reach = 8) {
  const width = Math.sqrt(Math.max(...m.vars));
  const centre = m.means[cond];
  const lo = Math.min(...m.means) - reach * width;
  const hi = Math.max(...m.means) + reach * width;
  return { x: Float64Array.from({ length: n + 1 }, (_, i) => lo + ((hi - lo) * i) / n), h: (hi - lo) / n,
    centre, scale: Math.sqrt(m.vars[cond]) };
}

function withMoments(law) {
  const { x, h, cdf } = law;
  const end = x.at(-1);
  let first = 0;
  let second = (h * h) / 6; // the trapezoids' end correction: 2 (end - x) F falls with slope -2 there
  for (let i = 0; i < x.length; i += 1) {
    const F = cdf[i] * (i === 0 || i === x.length - 1 ? 0.5 : 1);
    first += h * F;
    second += h * F * 2 * (end - x[i]);
  }
  return Object.assign(law, { mean: end - first, std: Math.sqrt(Math.max(0, second - first * first)) });
}

function fromDensity({ x, h }, pdf, scaled) {
  const cdf = new Float64Array(x.length);
  const slope = (i) => (i > 0 && i < x.length - 1 ? (pdf[i + 1] - pdf[i - 1]) / 2 : 0);
  for (let i = 1; i < x.length; i += 1) { // trapezoids with the end correction: fourth order
    cdf[i] = cdf[i - 1] + h * ((pdf[i] + pdf[i - 1]) / 2 - (slope(i) - slope(i - 1)) / 12);
  }
  const total = cdf.at(-1);
  if (scaled) for (let i = 0; i < x.length; i += 1) { pdf[i] /= total; cdf[i] /= total; }
  return withMoments({ x, h, pdf, cdf });
}

function mixtureLaw(m, cond, grid) {
  const pdf = logDensity(m, grid.x, 0, cond, new Float64Array(grid.x.length));
  return fromDensity(grid, pdf.map(Math.exp));
}

function tiltedLaw(m, g, cond, grid) {
  const ofClass = logDensity(m, grid.x, 0, cond, new Float64Array(grid.x.length));
  const all = logDensity(m, grid.x, 0, ANY, new Float64Array(grid.x.length));
  const log = ofClass.map((value, i) => g * value + (1 - g) * all[i]);
  const top = log.reduce((a, b) => Math.max(a, b));
  return fromDensity(grid, log.map((value) => Math.exp(value - top)), true);
}

const SIGMA_MAX = 1e6;
const stagesOf = (rule) => (typeof rule === 'function' ? [[rule, SIGMA_MAX, 0]] : rule);
const clock = (sigma, s) => Math.log(Math.tan(Math.atan2(s, sigma) / 2));

function timetable(rule, s, steps) {
  const first = clock(stagesOf(rule)[0][1], s);
  const y = (sigma) => (sigma > 0 ? Math.sqrt(clock(sigma, s) / first) : 0);
  return stagesOf(rule).map(([D, from, to]) => [D, Float64Array.from({ length: steps + 1 }, (_, i) =>
    first * (y(from) + (y(to) - y(from)) * (i / steps)) ** 2)]);
}

function makeDrift(D, { centre: m, scale: s }, beta, length) {
  const x = new Float64Array(length);
  const d = new Float64Array(length);
  return (tau, u, out) => {
    const phi = 2 * Math.atan(Math.exp(tau));
    const sin = Math.sin(phi);
    const cos = Math.cos(phi);
    if (cos < 1e-9) return out.fill(0);
    for (let i = 0; i < length; i += 1) x[i] = m + (s * u[i]) / sin;
    D(x, (s * cos) / sin, d);
    for (let i = 0; i < length; i += 1) {
      out[i] = ((((d[i] - m) * sin) / s - u[i]) / beta + u[i] * cos * cos) / cos;
    }
    return out;
  };
}

function carry(rule, grid, u, toData, steps) {
  const n = u.length;
  const [k1, k2, k3, k4, at] = [0, 1, 2, 3, 4].map(() => new Float64Array(n));
  const move = (k, dt) => {
    for (let i = 0; i < n; i += 1) at[i] = u[i] + dt * k[i];
    return at;
  };
  const stages = timetable(rule, grid.scale, steps);
  for (const [D, times] of toData ? stages : stages.reverse()) {
    const drift = makeDrift(D, grid, 1, n);
    if (!toData) times.reverse();
    for (let j = 0; j < steps; j += 1) {
      const t = times[j];
      const dt = times[j + 1] - t;
      drift(t, u, k1);
      drift(t + dt / 2, move(k1, dt / 2), k2);
      drift(t + dt / 2, move(k2, dt / 2), k3);
      drift(t + dt, move(k3, dt), k4);
      for (let i = 0; i < n; i += 1) u[i] += (dt / 6) * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
    }
  }
  return u;
}

function slopes(y, h) {
  return y.map((_, i) => (i < 2 || i > y.length - 3 ? 0 : (8 * (y[i + 1] - y[i - 1]) - (y[i + 2] - y[i - 2])) / (12 * h)));
}

function odeLaw(D, grid, steps = 56) {
  const { x, h, centre, scale } = grid;
  const u = carry(D, grid, x.map((value) => (value - centre) / scale), false, steps);
  const z = u.map((value) => (centre + value * Math.hypot(SIGMA_MAX, scale)) / SIGMA_MAX);
  const pdf = slopes(z, h).map((slope, i) => normalDensity(z[i]) * slope); // p = phi(z) dz/dx
  return withMoments({ x, h, pdf, cdf: z.map(ndtr) });
}

function fokkerPlanck(rule, grid, beta, cells, steps) {
  const { x, centre, scale } = grid;
  const faces = Float64Array.from({ length: cells + 1 }, (_, i) => {
    const value = x[0] + ((x.at(-1) - x[0]) * i) / cells;
    return (value - centre) / scale;
  });
  const h = faces[1] - faces[0];
  const start = stagesOf(rule)[0][1];
  const width = start / Math.hypot(start, scale);
  const q = Float64Array.from({ length: cells }, (_, j) =>
    (ndtr((faces[j + 1] + centre / start) / width) - ndtr((faces[j] + centre / start) / width)) / h);
  const B = new Float64Array(cells + 1);
  const [right, pivot] = [0, 1].map(() => new Float64Array(cells));
  let drift;
  const load = (tau) => { // the diffusion; B becomes the drift, both times dtau/2/h later
    drift(tau, faces, B);
    B[0] = B[cells] = 0; // nothing leaves
    return (((1 - beta) / beta) * Math.cos(2 * Math.atan(Math.exp(tau)))) / h;
  };
  const up = (j, C) => (j === 0 || j === cells ? 0 : B[j] / 2 - C);
  const down = (j, C) => (j === 0 || j === cells ? 0 : B[j] / 2 + C);
  for (const [D, times] of timetable(rule, scale, steps)) {
    drift = makeDrift(D, grid, beta, cells + 1);
    let C = load(times[0]);
    for (let i = 0; i < steps; i += 1) {
      const k = (times[i + 1] - times[i]) / (2 * h);
      for (let j = 0; j < cells; j += 1) {
        let flow = (up(j, C) - down(j + 1, C)) * q[j];
        if (j > 0) flow += down(j, C) * q[j - 1];
        if (j < cells - 1) flow -= up(j + 1, C) * q[j + 1];
        right[j] = q[j] + k * flow;
      }
      C = load(times[i + 1]);
      for (let j = 0; j < cells; j += 1) { // elimination from the left
        pivot[j] = 1 - k * (up(j, C) - down(j + 1, C));
        if (j > 0) {
          const factor = (-k * down(j, C)) / pivot[j - 1];
          pivot[j] -= factor * k * up(j, C);
          right[j] -= factor * right[j - 1];
        }
      }
      for (let j = cells - 1; j >= 0; j -= 1) {
        q[j] = (right[j] - (j < cells - 1 ? k * up(j + 1, C) * q[j + 1] : 0)) / pivot[j];
      }
    }
  }
  const cdf = new Float64Array(cells + 1);
  for (let j = 0; j < cells; j += 1) cdf[j + 1] = cdf[j] + h * q[j];
  return cdf;
}

function sdeLaw(rule, grid, beta = 0.5, steps = 40) {
  const { x, h } = grid;
  const cells = x.length - 1;
  const coarse = fokkerPlanck(rule, grid, beta, cells, steps);
  const fine = fokkerPlanck(rule, grid, beta, 2 * cells, 2 * steps);
  const cdf = coarse.map((F, i) => (4 * fine[2 * i] - F) / 3);
  const pdf = slopes(cdf, h).map((slope) => Math.max(0, slope));
  return withMoments({ x, h, pdf, cdf });
}

function massBelow({ x, pdf, cdf }, a) {
  let [i, j] = [0, x.length - 1];
  if (a <= x[i] || a >= x[j]) return a <= x[i] ? cdf[i] : cdf[j];
  while (j - i > 1) {
    const mid = (i + j) >> 1;
    if (x[mid] > a) j = mid;
    else i = mid;
  }
  const h = x[j] - x[i];
  const t = (a - x[i]) / h;
  const [p, q, rise] = [h * pdf[i], h * pdf[j], cdf[j] - cdf[i]];
  return cdf[i] + t * (p + t * (3 * rise - 2 * p - q + t * (p + q - 2 * rise)));
}

function wasserstein1(p, q) {
  const fine = p.h / 8;
  let sum = 0;
  for (let a = p.x[0]; a < p.x.at(-1); a += fine) sum += fine * Math.abs(massBelow(p, a) - massBelow(q, a));
  return sum;
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
const N = 1000; // particles of each kind
const KEPT = 14; // of which so many leave a trace
const BINS = 55;
const [LEFT, RIGHT] = [-5, 6];
const SIGMAS = geometricSigmas(160, 0.02, 300);
const STEPS = SIGMAS.length - 1;
const TOP = 40; // the noise level at which the picture begins
const KINDS = { conditional: 'true class', tilted: 'tilted density', ode: 'guided ODE', sde: 'guided SDE' };

function render({ model, el }) {
  const set = Object.fromEntries(['scale', 'separation', 'weight', 'beta'].map((key) => [key, model.get(key)]));
  const clouds = ['ode', 'sde'].map((kind) => ({ kind, x: new Float64Array(N), bins: new Float64Array(BINS),
    traces: new Float64Array(KEPT * (STEPS + 1)) }));
  const work = workspace(N);
  const laws = {};
  let [D, rng, now, seed] = [null, null, -1, 0]; // now: the step that the particles have reached, -1 for none
  let rain;
  let below;

  function compute() {
    const m = mixture([set.weight, 1 - set.weight], [0, -set.separation], [1, 1]);
    const grid = gridFor(m, 0, 240);
    D = cfg(m, set.scale, 0);
    laws.conditional = mixtureLaw(m, 0, grid);
    laws.tilted = tiltedLaw(m, set.scale, 0, grid);
    laws.ode = odeLaw(D, grid);
    laws.sde = sdeLaw(D, grid, set.beta);
    for (const kind of Object.keys(KINDS)) {
      const law = laws[kind];
      fill(kind, [law.mean, law.std, massBelow(law, 0), wasserstein1(law, laws.conditional)]
        .map((value) => value.toFixed(3).replace('-', '−').replace('−0.000', '0.000')));
    }
    if (rain) rescale();
  }

  function start() {
    rng = random(seed += 1);
    now = 0;
    for (let i = 0; i < N; i += 1) clouds[0].x[i] = SIGMAS[0] * rng.normal();
    clouds[1].x.set(clouds[0].x); // both start from the same points
    record();
    while (SIGMAS[now] > TOP) advance();
  }

  function finish() {
    start();
    while (now < STEPS) advance();
    made.redraw();
  }

  function record() {
    const zoom = 1 / Math.hypot(1, SIGMAS[now]);
    for (const { x, bins, traces } of clouds) {
      bins.fill(0);
      for (let i = 0; i < N; i += 1) {
        const bin = Math.floor(((x[i] * zoom - LEFT) / (RIGHT - LEFT)) * BINS);
        if (bin >= 0 && bin < BINS) bins[bin] += BINS / (N * (RIGHT - LEFT));
      }
      for (let i = 0; i < KEPT; i += 1) traces[i * (STEPS + 1) + now] = x[i] * zoom;
    }
  }

  function advance() {
    const [sigma, next] = [SIGMAS[now], SIGMAS[now + 1]];
    heunStep(D, clouds[0].x, sigma, next, work);
    step(D, clouds[1].x, sigma, next, set.beta, work, rng);
    now += 1;
    record();
  }

  function rescale() {
    let top = 0.5;
    for (const { pdf } of Object.values(laws)) for (let i = 0; i < pdf.length; i += 1) top = Math.max(top, pdf[i]);
    below = panel([below.left, below.top, below.width, below.height], [LEFT, RIGHT], [0, 1.1 * top]);
    const tick = niceStep(1.1 * top);
    below.ticks = [0, tick, Number((2 * tick).toPrecision(2))];
    below.names = [...names(['conditional', 'tilted'], -1), ...names(['ode', 'sde'], 1)];
  }

  function names(kinds, toSide) {
    const found = kinds.map((kind) => ({ kind, y: below.Y(0.66 * Math.max(...laws[kind].pdf)) })).sort((a, b) => a.y - b.y);
    const edge = (kind, y) => { // how far this curve reaches out at the height y
      const { x, pdf } = laws[kind];
      for (let i = 0; i < x.length; i += 1) {
        const j = toSide < 0 ? i : x.length - 1 - i;
        if (below.Y(pdf[j]) < y + 7) return below.X(x[j]);
      }
      return toSide * -Infinity;
    };
    let last = -Infinity;
    for (const each of found) {
      each.y = last = Math.max(each.y, last + 16);
      const out = Object.keys(laws).map((kind) => edge(kind, each.y));
      Object.assign(each, { toSide, own: edge(each.kind, each.y),
        x: toSide < 0 ? Math.min(...out.filter(Number.isFinite)) : Math.max(...out.filter(Number.isFinite)) });
    }
    return found;
  }

  const level = (sigma) => rain.top + ((Math.log(TOP) - Math.log(Math.max(sigma, 0.02))) / (Math.log(TOP) - Math.log(0.02))) * rain.height;
  const LEVELS = [30, 10, 3, 1, 0.3, 0.1];

  const made = stage(el, {
    label: 'Above, particles move from noise down to data; below, the densities of the true class, the tilted density, the guided ODE and the guided SDE. The table gives their numbers.',
    height: (width) => (width < 520 ? 440 : 480),
    layout(width) {
      const w = width - 40;
      rain = panel([34, 22, w, width < 520 ? 130 : 150], [LEFT, RIGHT], [0, 1]);
      below = panel([34, rain.top + rain.height + 34, w, width < 520 ? 205 : 225], [LEFT, RIGHT], [0, 1]);
      rescale();
    },
    draw(ctx, colors) {
      axes(ctx, below, colors, { xticks: [-4, -2, 0, 2, 4, 6], yticks: below.ticks, xlabel: 'x in class widths', title: 'where they arrive: densities' });
      axes(ctx, rain, colors, { title: now < 0 ? 'on the way' : `on the way, at noise level ${Number(SIGMAS[now].toPrecision(2))}` });
      for (const sigma of LEVELS) {
        line(ctx, rain.left, level(sigma), rain.left + rain.width, level(sigma), colors.faint);
        words(ctx, String(sigma), rain.left - 6, level(sigma) + 4, colors.quiet, 'right');
      }
      line(ctx, below.X(0), rain.top, below.X(0), below.top + below.height, colors.faint);
      if (now >= 0) inside(ctx, rain, () => { for (const cloud of clouds) drawCloud(ctx, cloud, colors); });
      inside(ctx, below, () => {
        curve(ctx, below, laws.conditional.x, laws.conditional.pdf, colors.conditional, '', 2, 0.14);
        if (now >= 0) for (const { kind, bins } of clouds) drawBars(ctx, bins, colors[kind]);
        for (const kind of ['tilted', 'sde', 'ode']) curve(ctx, below, laws[kind].x, laws[kind].pdf, colors[kind], kind);
      });
      for (const { kind, x, y, toSide, own } of below.names) {
        if (Math.abs(x - own) > 6) line(ctx, own, y - 4, x + 3 * toSide, y - 4, colors[kind]);
        words(ctx, KINDS[kind], x + 7 * toSide, y, colors.text[kind], toSide < 0 ? 'right' : 'left');
      }
    },
  });

  function drawCloud(ctx, { kind, x, traces }, colors) {
    ctx.strokeStyle = ctx.fillStyle = colors[kind];
    ctx.globalAlpha = 0.7;
    ctx.lineWidth = 1;
    for (let i = 0; i < KEPT; i += 1) {
      ctx.beginPath();
      for (let j = 0; j <= now; j += 1) ctx.lineTo(rain.X(traces[i * (STEPS + 1) + j]), level(SIGMAS[j]));
      ctx.stroke();
    }
    ctx.globalAlpha = 0.5;
    const zoom = 1 / Math.hypot(1, SIGMAS[now]);
    const y = level(SIGMAS[now]);
    const up = kind === 'ode' ? -19 : -9;
    for (let i = 0; i < N; i += 1) ctx.fillRect(rain.X(x[i] * zoom) - 0.8, y + up + ((i * 7) % 9), 1.6, 1.6);
    ctx.globalAlpha = 1;
  }

  function drawBars(ctx, bins, color) {
    ctx.fillStyle = color;
    ctx.globalAlpha = 0.22;
    const wide = below.width / BINS;
    for (let i = 0; i < BINS; i += 1) {
      const y = below.Y(bins[i]);
      ctx.fillRect(below.left + i * wide, y, wide - 0.5, below.top + below.height - y);
    }
    ctx.globalAlpha = 1;
  }

  let owed = 0;
  const play = player(made, (seconds) => {
    if (now < 0 || now === STEPS) start(); // from the noise, with new particles
    for (owed += 60 * seconds; owed >= 1 && now < STEPS; owed -= 1) advance();
    return now < STEPS;
  });
  let resting = 0;
  const change = (key) => (value) => {
    set[key] = value;
    compute();
    clearTimeout(resting);
    if (play.playing()) start();
    else {
      now = -1; // the particles come back when the slider rests: a run takes as long as a few frames
      resting = setTimeout(() => { if (!play.playing()) finish(); }, 250);
    }
    made.redraw();
  };
  const number = (digits) => (value) => value.toFixed(digits);
  slider(made, { label: 'guidance scale g', min: 1, max: 8, step: 0.1, value: set.scale, show: number(1) }, change('scale'));
  slider(made, { label: 'separation ρ', min: 1, max: 8, step: 0.1, value: set.separation, show: number(1) }, change('separation'));
  slider(made, { label: 'weight of the class', min: 0.05, max: 0.95, step: 0.01, value: set.weight, show: number(2) }, change('weight'));
  slider(made, { label: 'stochasticity β of the SDE', min: 0.1, max: 0.9, step: 0.05, value: set.beta, show: number(2) }, change('beta'));
  const fill = table(made, ['mean', 'spread', 'mass below 0', 'W₁ to true'], KINDS);
  compute();
  finish();
}

export default { render };
