// The world of chapter 5's half rings, its models and rules, and points that fill the class evenly.
import { apg, extrapolate, interval, modelOf, reg, rescaled, zeroStar } from './guided.mjs';
import { mixture } from './mixture.mjs';

export const N = 1000; // points of each rule
export const PARTS = 24; // Gaussians of each half ring
export const WIDTH = 0.12;
export const BLURS = { exact: 0, blurred: 0.2, bad: 0.4 };

/** The class, a half ring, and both classes. */
export function halfRings() {
  const ring = Array.from({ length: PARTS }, (_, i) => (Math.PI * i) / (PARTS - 1)).map((t) => [2 * Math.cos(t), 2 * Math.sin(t)]);
  const make = (means) => mixture(means.map(() => 1), means, means.map(() => WIDTH ** 2));
  return { one: make(ring), all: make([...ring, ...ring.map(([a, b]) => [2 - a, 1 - b])]) };
}

/** The denoiser of a rule at the scale g; CFG++ has another at every step and is not one of them. */
export function ruleOf(name, g, blur, { one, all }) {
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

/** Points that fill the class and its noise evenly: a lattice with irrational steps in four dimensions. */
export function evenly(one) {
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

/** How far point i is from the half ring. */
export function away(points, i) {
  const [a, b] = [points[2 * i], points[2 * i + 1]];
  return b > 0 ? Math.abs(Math.hypot(a, b) - 2) : Math.hypot(Math.abs(a) - 2, b);
}
