// Made from src/push.mjs by `python -m tools.figures`: edit that file.
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
const even = (lo, hi, n) => Float64Array.from({ length: n + 1 }, (_, i) => lo + ((hi - lo) * i) / n);
const REACH = 8; // standard deviations of the noise

function narrowLaw(stages, grid, lo, hi, n = 320, steps = 48) {
  const { centre, scale } = grid;
  const [start, hz, hx] = [stages[0][1], (2 * REACH) / n, (hi - lo) / n];
  const wide = Math.hypot(start, scale);
  const z = even(-REACH, REACH, n);
  const x = even(lo, hi, n);
  const toX = carry(stages, grid, z.map((q) => (start * q - centre) / wide), true, steps).map((u) => centre + scale * u);
  const toZ = carry(stages, grid, x.map((a) => (a - centre) / scale), false, steps).map((u) => (centre + wide * u) / start);
  const [dx, dz] = [slopes(toX, hz), slopes(toZ, hx)];
  const kept = [];
  for (let i = 2; i < n - 1; i += 1) { // judged by the points from which the slope was made
    if (dx[i] > 0 && toX[i + 2] - toX[i - 2] < 5 * hx) kept.push([toX[i], z[i], 1 / dx[i]]);
    if (toZ[i + 2] - toZ[i - 2] < 5 * hz && Math.abs(toZ[i]) < REACH) kept.push([x[i], toZ[i], dz[i]]);
  }
  kept.sort((a, b) => a[0] - b[0]);
  const column = (of) => Float64Array.from(kept, of);
  const law = { x: column(([a]) => a), pdf: column(([, q, slope]) => normalDensity(q) * slope), cdf: column(([, q]) => ndtr(q)) };
  const end = law.x.at(-1);
  const first = integrate(law.x, law.cdf, law.pdf);
  const second = integrate(law.x, law.cdf.map((F, i) => 2 * (end - law.x[i]) * F),
    law.cdf.map((F, i) => 2 * ((end - law.x[i]) * law.pdf[i] - F)));
  return Object.assign(law, { mean: end - first, std: Math.sqrt(Math.max(0, second - first * first)) });
}

function integrate(x, f, slope) {
  let sum = 0;
  for (let i = 1; i < x.length; i += 1) {
    const h = x[i] - x[i - 1];
    const [a, b] = [f[i - 1], f[i]];
    if (a * b < 0) sum += (h * (a * a + b * b)) / (2 * (Math.abs(a) + Math.abs(b)));
    else sum += Math.abs((h / 2) * (a + b) + ((h * h) / 12) * (slope[i - 1] - slope[i]));
  }
  return sum;
}

function missed({ x, pdf, cdf }, { centre, scale }) {
  const z = x.map((a) => (a - centre) / scale);
  let tails = 0; // beyond the points F is 0 or 1
  for (const q of [z[0], -z.at(-1)]) tails += scale * (normalDensity(q) + q * ndtr(q));
  return tails + integrate(x, cdf.map((F, i) => F - ndtr(z[i])), pdf.map((p, i) => p - normalDensity(z[i]) / scale));
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
const N = 2000;
const KEPT = 30;
const BINS = 64;
const [ABOVE, BELOW] = [4.6, 3]; // of the classes, in widths
const [START, LAST] = [100, 0.03]; // the prior's noise level, and that before 0
const [SHOWN, FLOOR] = [60, 0.1]; // where the picture begins, and where 0 is drawn
const SECONDS = 6;
const PUSHES = { spring: 'noisy point', denoised: 'denoised point' };
const SAMPLERS = { ode: 'ODE', sde: 'SDE' };
const STEPS = { ode: 90, sde: 180 }; // of Heun and of ancestral sampling, at about the same price

const pair = (separation) => mixture([1, 1], [0, -separation], [1, 1]);
const level = (separation, r) => Math.sqrt((separation / r) ** 2 - 1);

function stagesOfPush(m, push, strength, off) {
  const D = denoiser(m);
  const spring = forcing(D, [0], (sigma) => strength / (1 + sigma * sigma));
  return [[push === 'spring' ? spring : denoisedFeature(D, [0], strength), START, off], [D, off, 0]];
}

export function pushLaw(separation, push, strength, r, sampler) {
  const m = pair(separation);
  const grid = gridFor(m, 0, 320);
  const stages = stagesOfPush(m, push, strength, level(separation, r));
  const law = sampler === 'sde' ? sdeLaw(stages, grid, 0.5, 80) : narrowLaw(stages, grid, grid.x[0], grid.x.at(-1));
  return Object.assign(law, { wrong: massBelow(law, -separation / 2), missed: missed(law, grid) });
}

function normalQuantiles() {
  const z = new Float64Array(N);
  for (let i = 0, q = -4; i < N / 2; i += 1) {
    for (let k = 0; k < 5; k += 1) q -= (ndtr(q) - (i + 0.5) / N) / normalDensity(q);
    z[i] = q;
    z[N - 1 - i] = -q;
  }
  return z;
}

function render({ model, el }) {
  const set = Object.fromEntries(['push', 'sampler', 'strength', 'off', 'separation', 'seed'].map((key) => [key, model.get(key)]));
  const work = workspace(N);
  const x = new Float64Array(N);
  const sorted = new Float64Array(N);
  const wrong = new Uint8Array(N); // ends at the other class
  const bins = [0, 1].map(() => new Float64Array(BINS));
  const quantiles = normalQuantiles();
  const at = Float64Array.from({ length: 121 }, (_, i) => SHOWN * (FLOOR / SHOWN) ** (i / 120));
  let [law, truth, sigmas, paths, steps, reached, fan, side] = [];

  const r = () => Math.min(set.off, 0.9 * set.separation);
  const off = () => level(set.separation, r());

  function run() {
    law = pushLaw(set.separation, set.push, set.strength, r(), set.sampler);
    const m = pair(set.separation);
    truth = mixtureLaw(m, 0, gridFor(m, 0, 240));
    steps = STEPS[set.sampler];
    const before = Math.round((steps * Math.log(START / off())) / Math.log(START / LAST));
    sigmas = [...geometricSigmas(before + 1, off(), START).slice(0, before), ...geometricSigmas(steps - before, LAST, off())];
    const stages = stagesOfPush(m, set.push, set.strength, off());
    const rng = random(set.seed);
    paths = new Float32Array((steps + 1) * N);
    for (let i = 0; i < N; i += 1) x[i] = START * rng.normal();
    for (let j = 0; j <= steps; j += 1) {
      const zoom = 1 / Math.hypot(1, sigmas[j]);
      for (let i = 0; i < N; i += 1) paths[j * N + i] = x[i] * zoom;
      if (j === steps) break;
      const [D] = stages[j < before ? 0 : 1];
      if (set.sampler === 'ode') heunStep(D, x, sigmas[j], sigmas[j + 1], work);
      else step(D, x, sigmas[j], sigmas[j + 1], 0.5, work, rng);
    }
    for (let i = 0; i < N; i += 1) wrong[i] = x[i] < -set.separation / 2 ? 1 : 0;
    numbers('conditional', [1, ndtr(-set.separation / 2), 0]);
    numbers('feature', [law.std, law.wrong, law.missed]);
    wind(steps);
    rescale();
  }

  const numbers = (kind, [spread, share, far]) => fill(kind, [spread.toFixed(3), `${(100 * share).toFixed(1)} %`, far.toFixed(3)]);

  function wind(to) {
    reached = clamp(to, 0, steps);
    const here = Math.min(steps - 1, Math.floor(reached));
    const low = -set.separation - BELOW;
    const middle = -set.separation / 2 / Math.hypot(1, now());
    for (const each of bins) each.fill(0);
    let [mean, square, share, far] = [0, 0, 0, 0];
    for (let i = 0; i < N; i += 1) {
      const u = place(i, here);
      sorted[i] = u;
      mean += u / N;
      square += (u * u) / N;
      if (u < middle) share += 1 / N;
      const bin = Math.floor(((u - low) / (ABOVE - low)) * BINS);
      if (bin >= 0 && bin < BINS) bins[wrong[i]][bin] += BINS / (N * (ABOVE - low));
    }
    sorted.sort();
    for (let i = 0; i < N; i += 1) far += Math.abs(sorted[i] - quantiles[i]) / N;
    numbers('now', [Math.sqrt(Math.max(0, square - mean * mean)), share, far]);
  }

  const shown = (j) => Math.max(FLOOR, sigmas[j]);
  const now = () => { // the noise level between two steps, 0 at the end
    const j = Math.min(steps - 1, Math.floor(reached));
    return reached === steps ? 0 : shown(j) * (shown(j + 1) / shown(j)) ** (reached - j);
  };
  const place = (i, j = Math.min(steps - 1, Math.floor(reached))) => paths[j * N + i] + (reached - j) * (paths[(j + 1) * N + i] - paths[j * N + i]);

  function rescale() {
    if (!fan) return;
    const range = [-set.separation - BELOW, ABOVE];
    fan = panel([fan.left, fan.top, fan.width, fan.height], [SHOWN, FLOOR], range, true);
    const top = Math.min(1.2, 1.12 * law.pdf.reduce((a, b) => Math.max(a, b), 0.4));
    side = panel([side.left, side.top, side.width, side.height], [0, top], range);
  }

  const made = stage(el, {
    label: 'Left, paths of pushed particles from noise to data, with the two classes as they part, and the noise levels of speciation and of letting go; right, where the particles are, the exact law in which they end, and the true class. The table gives the numbers.',
    height: (width) => (width < 520 ? 350 : 390),
    layout(width, height) {
      const w = width < 520 ? 84 : 150;
      fan = { left: 34, top: 24, width: width - w - 62, height: height - 66 };
      side = { left: width - w - 8, top: 24, width: w, height: height - 66 };
      rescale();
    },
    draw(ctx, colors) {
      const wide = fan.width > 300;
      const ticks = [0, -4, -8, -12, -16].filter((tick) => tick > -set.separation - 2);
      axes(ctx, fan, colors, { xticks: wide ? [50, 10, 2, 0.5, 0.1] : [50, 5, 0.5], yticks: ticks,
        xlabel: wide ? 'noise level σ, falling to 0' : 'noise level σ', title: wide ? 'position u, in class widths at each noise level' : 'position u, in widths' });
      axes(ctx, side, colors, { title: wide ? 'where they end' : 'the end', xlabel: 'density' });
      inside(ctx, fan, () => {
        ctx.globalAlpha = 0.1;
        ctx.fillStyle = colors.feature;
        ctx.fillRect(fan.left, fan.top, fan.X(off()) - fan.left, fan.height);
        drawClass(ctx, 0, colors.conditional);
        drawClass(ctx, set.separation, colors.mixture);
        ctx.globalAlpha = 1;
        const late = r() > 2 ? 1 : -1; // whose name stands on which side
        mark(ctx, level(set.separation, 2), wide ? 'speciation, r = 2' : 'r = 2', colors.quiet, -late, [4, 3]);
        mark(ctx, off(), wide ? `let go, r = ${r().toFixed(1)}` : 'let go', colors.text.feature, late, []);
        ctx.globalAlpha = 0.75;
        for (let i = 0; i < KEPT; i += 1) drawPath(ctx, i, colors);
        drawPoints(ctx, colors);
        ctx.globalAlpha = 1;
      });
      drawSide(ctx, colors);
    },
  });

  function drawClass(ctx, distance, color) {
    ctx.beginPath();
    const edge = (sigma, by) => ctx.lineTo(fan.X(sigma), fan.Y(by - distance / Math.hypot(1, sigma)));
    for (const sigma of at) edge(sigma, 1);
    for (let i = at.length - 1; i >= 0; i -= 1) edge(at[i], -1);
    ctx.globalAlpha = 0.16;
    ctx.fillStyle = color;
    ctx.fill();
  }

  function mark(ctx, sigma, text, color, toSide, dash) {
    ctx.setLineDash(dash);
    line(ctx, fan.X(sigma), fan.top, fan.X(sigma), fan.top + fan.height, color, 1.2);
    ctx.setLineDash([]);
    words(ctx, text, fan.X(sigma) + 6 * toSide, fan.top + 14, color, toSide < 0 ? 'right' : 'left');
  }

  const ink = (i, colors) => (wrong[i] ? colors.class1 : colors.feature);

  function drawPath(ctx, i, colors) {
    ctx.beginPath();
    for (let j = 0; j <= reached; j += 1) ctx.lineTo(fan.X(shown(j)), fan.Y(paths[j * N + i]));
    ctx.lineTo(fan.X(Math.max(FLOOR, now())), fan.Y(place(i)));
    ctx.strokeStyle = ink(i, colors);
    ctx.lineWidth = 1.1;
    ctx.stroke();
  }

  function drawPoints(ctx, colors) {
    const middle = fan.X(Math.max(FLOOR, now()));
    for (const end of [0, 1]) {
      ctx.fillStyle = end ? colors.class1 : colors.feature;
      for (let i = 0; i < N; i += 1) if (wrong[i] === end) ctx.fillRect(middle - 6 + ((i * 7) % 11), fan.Y(place(i)) - 0.8, 1.6, 1.6);
    }
  }

  function drawSide(ctx, colors) {
    const tall = side.height / BINS;
    inside(ctx, side, () => {
      ctx.globalAlpha = 0.45;
      for (let b = 0; b < BINS; b += 1) {
        const y = side.top + side.height - (b + 1) * tall;
        const width = side.X(bins[0][b]) - side.left;
        ctx.fillStyle = colors.feature;
        ctx.fillRect(side.left, y, width, tall - 0.5);
        ctx.fillStyle = colors.class1;
        ctx.fillRect(side.left + width, y, side.X(bins[1][b]) - side.left, tall - 0.5);
      }
      ctx.globalAlpha = 1;
      curve(ctx, side, truth.pdf, truth.x, colors.conditional, '', 2);
      curve(ctx, side, law.pdf, law.x, colors.feature, '', 2);
    });
  }

  player(made, (seconds) => {
    wind((reached === steps ? 0 : reached) + (seconds * steps) / SECONDS);
    showTime(reached / steps);
    return reached < steps;
  });
  const showTime = slider(made, { label: 'progress', min: 0, max: 1, step: 0.002, value: 1, show: (v) => `${Math.round(100 * v)} %` },
    (value) => { wind(value * steps); made.redraw(); });
  const change = (key) => (value) => {
    set[key] = value;
    const part = reached / steps;
    run();
    wind(part * steps);
    made.redraw();
  };
  choice(made, { label: 'what is pushed', options: PUSHES, value: set.push }, change('push'));
  choice(made, { label: 'sampler', options: SAMPLERS, value: set.sampler }, change('sampler'));
  const number = (value) => value.toFixed(1);
  slider(made, { label: 'strength κ', min: 0, max: 4, step: 0.1, value: set.strength, show: number }, change('strength'));
  const showOff = slider(made, { label: 'let go at r', min: 0.5, max: 10, step: 0.1, value: set.off,
    show: (value) => `${number(value)}, σ = ${level(set.separation, Math.min(value, 0.9 * set.separation)).toFixed(1)}` }, change('off'));
  slider(made, { label: 'separation ρ', min: 3, max: 16, step: 0.1, value: set.separation, show: number },
    (value) => { change('separation')(value); showOff(set.off); });
  slider(made, { label: 'seed', min: 1, max: 30, step: 1, value: set.seed }, change('seed'));
  const fill = table(made, ['spread', 'wrong class', 'W₁ to class'], { conditional: 'true class', feature: 'exact law', now: '2,000 particles, now' });
  run();
}

export default { render };
