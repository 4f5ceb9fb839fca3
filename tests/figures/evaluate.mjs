// Evaluates, for test_mathematics.py, the list of [name, ...arguments] on the standard input with the
// functions that the moving figures use, and prints the results as JSON.
import { readFileSync } from 'node:fs';
import { cfgppScale, extrapolate } from '../../chapters/figures/src/guided.mjs';
import * as laws from '../../chapters/figures/src/laws.mjs';
import * as mixtures from '../../chapters/figures/src/mixture.mjs';
import { halfRings, ruleOf } from '../../chapters/figures/src/halfrings.mjs';
import * as samplers from '../../chapters/figures/src/samplers.mjs';
import { pushLaw } from '../../chapters/figures/src/push.mjs';
import { COLORS } from '../../chapters/figures/src/stage.mjs';

const array = (values) => Float64Array.from(values.flat());
const out = (x, each = 1) => new Float64Array(x.length * each);
const make = ([weights, means, vars]) => mixtures.mixture(weights, means, vars);

const CALLS = {
  colors: () => COLORS,
  logDensity: (mix, points, sigma, cond) => {
    const m = make(mix);
    return mixtures.logDensity(m, array(points), sigma, cond, new Float64Array(points.length));
  },
  posterior: (mix, points, sigma) => {
    const m = make(mix);
    return mixtures.posterior(m, array(points), sigma, new Float64Array(points.length * m.K));
  },
  score: (mix, points, sigma, cond) => mixtures.score(make(mix), array(points), sigma, cond, out(array(points))),
  denoiser: (mix, points, sigma, cond) => mixtures.denoiser(make(mix), cond)(array(points), sigma, out(array(points))),
  cfg: (mix, points, sigma, g, cond) => mixtures.cfg(make(mix), g, cond)(array(points), sigma, out(array(points))),
  forcing: (mix, points, sigma, target, K) =>
    mixtures.forcing(mixtures.denoiser(make(mix)), target, () => K)(array(points), sigma, out(array(points))),
  denoisedFeature: (mix, points, sigma, target, kappa) =>
    mixtures.denoisedFeature(mixtures.denoiser(make(mix)), target, kappa)(array(points), sigma, out(array(points))),
  pushLaw: (settings, points) => {
    const law = pushLaw(...settings);
    return { mean: law.mean, std: law.std, wrong: law.wrong, w1: law.missed, cdf: points.map((a) => laws.massBelow(law, a)) };
  },
  walk: (mix, points, sigmas, solver) => {
    const x = array(points);
    const work = samplers.workspace(x.length);
    const D = mixtures.denoiser(make(mix));
    for (let i = 0; i + 1 < sigmas.length; i += 1) {
      if (solver === 'heun') samplers.heunStep(D, x, sigmas[i], sigmas[i + 1], work);
      else samplers.step(D, x, sigmas[i], sigmas[i + 1], 1, work);
    }
    return x;
  },
  noisyStep: (mix, n, start, sigma, next, beta) => {
    const x = new Float64Array(n).fill(start);
    samplers.step(mixtures.denoiser(make(mix)), x, sigma, next, beta, samplers.workspace(n), samplers.random(3));
    return x;
  },
  slope: (mix, points, sigma, vec) => mixtures.slope(make(mix))(array(points), sigma, array(vec), out(array(points))),
  rule: (name, g, blur, points, sigma) => ruleOf(name, g, blur, halfRings())(array(points), sigma, out(array(points))),
  cfgpp: (mix, points, sigmas, dial, cond) => {
    const m = make(mix);
    const x = array(points);
    for (let i = 0; i + 1 < sigmas.length; i += 1) {
      const g = cfgppScale(dial, sigmas[i], sigmas[i + 1]);
      const D = extrapolate(mixtures.denoiser(m), mixtures.denoiser(m, cond), g);
      samplers.step(D, x, sigmas[i], sigmas[i + 1], 1, samplers.workspace(x.length));
    }
    return x;
  },
  geometricSigmas: (...args) => samplers.geometricSigmas(...args),
  normals: (seed, n) => {
    const rng = samplers.random(seed);
    return Float64Array.from({ length: n }, rng.normal);
  },
  sample: (mix, n, seed) => {
    const { x, labels } = samplers.sample(make(mix), n, samplers.random(seed));
    return [...x, ...labels];
  },
  ndtr: (points) => array(points).map(laws.ndtr),
  laws: (mix, g, cond, beta, points, cells) => {
    const m = make(mix);
    const grid = laws.gridFor(m, cond, cells);
    const D = mixtures.cfg(m, g, cond);
    const made = { ode: laws.odeLaw(D, grid), sde: laws.sdeLaw(D, grid, beta),
      tilted: laws.tiltedLaw(m, g, cond, grid), conditional: laws.mixtureLaw(m, cond, grid) };
    return Object.fromEntries(Object.entries(made).map(([kind, law]) => [kind, { mean: law.mean, std: law.std,
      cdf: points.map((a) => laws.massBelow(law, a)), w1: laws.wasserstein1(law, made.conditional) }]));
  },
};

const plain = (key, value) => (ArrayBuffer.isView(value) ? [...value] : value);
const results = JSON.parse(readFileSync(0, 'utf8')).map(([name, ...args]) => CALLS[name](...args));
process.stdout.write(JSON.stringify(results, plain));
