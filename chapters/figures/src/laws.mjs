// Laws on the line: what a sampler with a given denoiser really samples, computed and not estimated.
// A law is { x, h, pdf, cdf, mean, std } on evenly spaced points x; both ends lie beyond the mass.
import { ANY, logDensity } from './mixture.mjs';

/** Phi(z), the standard normal cdf, to rounding. */
export function ndtr(z) {
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

/** The standard normal density. */
export const normalDensity = (z) => Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);

/** n + 1 points that cover the mixture, and what guidance of class `cond` pushes away from the others. */
export function gridFor(m, cond, n, reach = 8) {
  const width = Math.sqrt(Math.max(...m.vars));
  const centre = m.means[cond];
  const lo = Math.min(...m.means) - reach * width;
  const hi = Math.max(...m.means) + reach * width;
  return { x: Float64Array.from({ length: n + 1 }, (_, i) => lo + ((hi - lo) * i) / n), h: (hi - lo) / n,
    centre, scale: Math.sqrt(m.vars[cond]) };
}

/** Mean and std from the cdf, exact but for its own error: E f(x) = f(end) - int f' F dx. */
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

/** Integrate a density given at the points; `scaled` says that it still needs its constant. */
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

/** The mixture itself, or one class of it. */
export function mixtureLaw(m, cond, grid) {
  const pdf = logDensity(m, grid.x, 0, cond, new Float64Array(grid.x.length));
  return fromDensity(grid, pdf.map(Math.exp));
}

/** p(x | y)^g p(x)^(1 - g), normalised: chapter 3, eq-tilted. */
export function tiltedLaw(m, g, cond, grid) {
  const ofClass = logDensity(m, grid.x, 0, cond, new Float64Array(grid.x.length));
  const all = logDensity(m, grid.x, 0, ANY, new Float64Array(grid.x.length));
  const log = ofClass.map((value, i) => g * value + (1 - g) * all[i]);
  const top = log.reduce((a, b) => Math.max(a, b));
  return fromDensity(grid, log.map((value) => Math.exp(value - top)), true);
}

// Both samplers' laws are computed in u = (x - m)/sqrt(sigma^2 + s^2), with sigma = s cot(phi) and the
// clock tau = log tan(phi/2): even in log sigma at the noisy end, smooth up to sigma = 0, where tau = 0.
// A rule is a denoiser, or a list of stages [[D, from, to], ...] with noise levels that meet and end in 0.
const SIGMA_MAX = 1e6;
const stagesOf = (rule) => (typeof rule === 'function' ? [[rule, SIGMA_MAX, 0]] : rule);
const clock = (sigma, s) => Math.log(Math.tan(Math.atan2(s, sigma) / 2));

/** [D, times] of every stage, `steps` steps each, closer together towards sigma = 0. */
function timetable(rule, s, steps) {
  const first = clock(stagesOf(rule)[0][1], s);
  const y = (sigma) => (sigma > 0 ? Math.sqrt(clock(sigma, s) / first) : 0);
  return stagesOf(rule).map(([D, from, to]) => [D, Float64Array.from({ length: steps + 1 }, (_, i) =>
    first * (y(from) + (y(to) - y(from)) * (i / steps)) ** 2)]);
}

/** The drift of u in tau for all points u; see guidelib.exact.fokker_planck.evolve for the equation. */
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

/** Carry points of the ODE, given by u, from the noise to the data or back, in place: Runge-Kutta of
 * fourth order. */
export function carry(rule, grid, u, toData, steps) {
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

/** Fourth-order slopes of values at a distance h; outside the first and last two, 0. */
export function slopes(y, h) {
  return y.map((_, i) => (i < 2 || i > y.length - 3 ? 0 : (8 * (y[i + 1] - y[i - 1]) - (y[i + 2] - y[i - 2])) / (12 * h)));
}

/** The law of the probability-flow ODE: points of the grid are carried back to the noise, whose cdf they
 * keep (chapter 1, eq-quantile). */
export function odeLaw(D, grid, steps = 56) {
  const { x, h, centre, scale } = grid;
  const u = carry(D, grid, x.map((value) => (value - centre) / scale), false, steps);
  const z = u.map((value) => (centre + value * Math.hypot(SIGMA_MAX, scale)) / SIGMA_MAX);
  const pdf = slopes(z, h).map((slope, i) => normalDensity(z[i]) * slope); // p = phi(z) dz/dx
  return withMoments({ x, h, pdf, cdf: z.map(ndtr) });
}

/** One run of the Fokker-Planck equation: centred finite volumes, Crank-Nicolson. The cdf at the cell faces. */
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
  // q' = -(F_{j+1} - F_j)/h with F_j = B_j (q_{j-1} + q_j)/2 - C (q_j - q_{j-1}); up_j and down_j are what
  // q_j and q_{j-1} give to F_j
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

/** The law of the reverse diffusion with stochasticity beta in (0, 1): chapter 1, eq-sde-family. Two runs
 * are extrapolated, which removes the leading error in space and time. */
export function sdeLaw(rule, grid, beta = 0.5, steps = 40) {
  const { x, h } = grid;
  const cells = x.length - 1;
  const coarse = fokkerPlanck(rule, grid, beta, cells, steps);
  const fine = fokkerPlanck(rule, grid, beta, 2 * cells, 2 * steps);
  const cdf = coarse.map((F, i) => (4 * fine[2 * i] - F) / 3);
  const pdf = slopes(cdf, h).map((slope) => Math.max(0, slope));
  return withMoments({ x, h, pdf, cdf });
}

/** F(a) = P(X <= a), by the cubic through neighbouring values and slopes. */
export function massBelow({ x, pdf, cdf }, a) {
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

/** W_1 = int |F - G| dx of two laws on the same points; finely, for |.| has a kink where they cross. */
export function wasserstein1(p, q) {
  const fine = p.h / 8;
  let sum = 0;
  for (let a = p.x[0]; a < p.x.at(-1); a += fine) sum += fine * Math.abs(massBelow(p, a) - massBelow(q, a));
  return sum;
}
