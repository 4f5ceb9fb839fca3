// Laws of an ODE that may shrink to a point or part in two: a grid of x cannot see the first, a grid of
// quantiles not the second. So both are carried, the one to the noise, the other to the data, and each is
// kept where its points are the closer ones.
import { carry, ndtr, normalDensity, slopes } from './laws.mjs';

const even = (lo, hi, n) => Float64Array.from({ length: n + 1 }, (_, i) => lo + ((hi - lo) * i) / n);
const REACH = 8; // standard deviations of the noise

/** { x, pdf, cdf, mean, std } of the ODE with the given stages, on points x of uneven distance in [lo, hi]. */
export function narrowLaw(stages, grid, lo, hi, n = 320, steps = 48) {
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

/** int |f| dx from values and slopes at uneven points: trapezoids with the end correction. */
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

/** W_1 = int |F - G| dx to the normal law of the grid's class. */
export function missed({ x, pdf, cdf }, { centre, scale }) {
  const z = x.map((a) => (a - centre) / scale);
  let tails = 0; // beyond the points F is 0 or 1
  for (const q of [z[0], -z.at(-1)]) tails += scale * (normalDensity(q) + q * ndtr(q));
  return tails + integrate(x, cdf.map((F, i) => F - ndtr(z[i])), pdf.map((p, i) => p - normalDensity(z[i]) / scale));
}
