// Seeded random numbers, noise grids, and one step of each sampler, in place.

/** Random numbers that are the same for the same seed: { uniform(), normal() }. */
export function random(seed) {
  // a counter, scrambled by multiplications (Weyl sequence and two xorshift-multiply rounds), 32 bits
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

/** n points and their labels from a mixture. */
export function sample(m, n, rng) {
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

/** n levels of constant ratio from sigmaMax to sigmaMin, then 0. */
export function geometricSigmas(n, sigmaMin, sigmaMax) {
  const ratio = (sigmaMin / sigmaMax) ** (1 / (n - 1));
  return Float64Array.from({ length: n + 1 }, (_, i) => (i < n ? sigmaMax * ratio ** i : 0));
}

/** What a step needs besides x: for x of the given length. */
export const workspace = (length) => [0, 1, 2].map(() => new Float64Array(length));

/** One step of the family eq-sde-family: beta = 1 is Euler on the ODE (DDIM), 1/2 ancestral sampling. */
export function step(D, x, sigma, next, beta, [d], rng) {
  D(x, sigma, d);
  const ratio = next / sigma;
  const keep = ratio ** (1 / beta);
  const spread = beta < 1 && next > 0 ? next * Math.sqrt(1 - ratio ** (2 / beta - 2)) : 0;
  for (let j = 0; j < x.length; j += 1) {
    x[j] = d[j] + keep * (x[j] - d[j]);
    if (spread) x[j] += spread * rng.normal();
  }
}

/** Heun's step on the ODE; the step to sigma = 0 is Euler's. Chapter 1, eq-heun. */
export function heunStep(D, x, sigma, next, [d, trial, dNext]) {
  D(x, sigma, d);
  for (let j = 0; j < x.length; j += 1) trial[j] = d[j] + (next / sigma) * (x[j] - d[j]);
  if (next > 0) D(trial, next, dNext);
  for (let j = 0; j < x.length; j += 1) {
    const slope = (x[j] - d[j]) / sigma;
    const slopeNext = next > 0 ? (trial[j] - dNext[j]) / next : slope;
    x[j] += 0.5 * (next - sigma) * (slope + slopeNext);
  }
}
