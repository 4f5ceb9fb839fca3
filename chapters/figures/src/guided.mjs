// The rules of guidance of chapter 5, each a denoiser D(x, sigma, out) made of others, as in guidelib.guidance.
// `model` is { dim, plain, ofClass, slopeOfClass }: two denoisers and what the Jacobian of the second does.
import { denoiser, slope } from './mixture.mjs';

/** Arrays that are made once for each length. */
function scratch() {
  let made = new Float64Array(0);
  return (length) => (made.length === length ? made : (made = new Float64Array(length)));
}

/** The model of data x0 + blur z: guidelib.denoisers.smoothed, chapter 5, eq-smoothed. `all`: the mixture of
 * everything, `one`: that of the class. */
export function modelOf(all, one, blur) {
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

/** bad + g [good - bad]. Chapter 3, eq-cfg; chapter 5, eq-autoguidance. */
export function extrapolate(bad, good, g) {
  const other = scratch();
  return (x, sigma, out) => {
    const b = bad(x, sigma, other(x.length));
    good(x, sigma, out);
    for (let j = 0; j < x.length; j += 1) out[j] = b[j] + g * (out[j] - b[j]);
    return out;
  };
}

/** `guided` while sigma is in (lo, hi], `plain` elsewhere. Chapter 3, eq-interval. */
export const interval = (guided, plain, lo, hi) => (x, sigma, out) => (sigma > lo && sigma <= hi ? guided : plain)(x, sigma, out);

/** A rule that works row by row: each(i, x, sigma, unconditional, conditional) changes row i of the last. */
function byRow({ dim, plain, ofClass }, each) {
  const other = scratch();
  return (x, sigma, out) => {
    const free = plain(x, sigma, other(x.length));
    ofClass(x, sigma, out);
    for (let i = 0; i < x.length; i += dim) each(i, x, sigma, free, out);
    return out;
  };
}

/** Without the part of the step along D_c. Chapter 5, eq-apg. */
export const apg = (model, g) => byRow(model, (i, x, sigma, free, out) => {
  let [along, square] = [0, 0];
  for (let j = i; j < i + model.dim; j += 1) {
    along += (out[j] - free[j]) * out[j];
    square += out[j] * out[j];
  }
  const share = square > 0 ? along / square : 0;
  for (let j = i; j < i + model.dim; j += 1) out[j] += (g - 1) * (out[j] - free[j] - share * out[j]);
});

/** The step of CFG, with the spread of v taken back by the share phi. Chapter 5, eq-rescale. */
export const rescaled = (model, g, phi = 0.7) => byRow(model, (i, x, sigma, free, out) => {
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

/** CFG-Zero*: v_c guided away from its part along v_u. Chapter 5, eq-zero-star. */
export const zeroStar = (model, g) => byRow(model, (i, x, sigma, free, out) => {
  let [along, square] = [0, 0];
  const v = (D, j) => x[j] - (1 + sigma) * D[j];
  for (let j = i; j < i + model.dim; j += 1) {
    along += v(out, j) * v(free, j);
    square += v(free, j) ** 2;
  }
  const s = square > 0 ? along / square : 0;
  for (let j = i; j < i + model.dim; j += 1) out[j] -= ((g - 1) / (1 + sigma)) * (v(out, j) - s * v(free, j));
});

/** REG: the step of CFG times the column sums of the Jacobian of D_c. Chapter 5, eq-reg. */
export function reg({ plain, ofClass, slopeOfClass }, g) {
  const [other, ones, sums] = [scratch(), scratch(), scratch()];
  return (x, sigma, out) => {
    const free = plain(x, sigma, other(x.length));
    const factor = slopeOfClass(x, sigma, ones(x.length).fill(1), sums(x.length));
    ofClass(x, sigma, out);
    for (let j = 0; j < x.length; j += 1) out[j] += (g - 1) * factor[j] * (out[j] - free[j]);
    return out;
  };
}

/** The scale at which one DDIM step of CFG does what CFG++ does with its dial. Chapter 5, eq-cfgpp-scale. */
export const cfgppScale = (dial, sigma, next) => dial / (1 - next / sigma);
