// Isotropic Gaussian mixtures, exact, in one dimension or more: the mathematics of every moving figure.
// Names, symbols and conventions are guidelib's; tests/figures/ holds these functions to its values.
//
// Points are the rows of a flat Float64Array (n × dim). A denoiser is a function D(x, sigma, out) that
// writes E[x0 | x_sigma = x] into `out`: no function here allocates while a figure plays.

/** The label that asks for no class. */
export const ANY = -1;

/** weights (K), means (K numbers, or K points), vars (K) as a mixture; the weights are normalised. */
export function mixture(weights, means, vars) {
  const K = weights.length;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const scratch = () => new Float64Array(K);
  return { K, dim: means.flat().length / K, means: Float64Array.from(means.flat()), vars: Float64Array.from(vars),
    weights: Float64Array.from(weights, (weight) => weight / total), v: scratch(), constant: scratch(), post: scratch() };
}

/** What all points share at one noise level: v_k = var_k + sigma^2 and log pi_k - log N's constant. */
function prepare(m, sigma, cond) {
  for (let k = 0; k < m.K; k += 1) {
    m.v[k] = m.vars[k] + sigma * sigma;
    const prior = cond === ANY ? Math.log(m.weights[k]) : k === cond ? 0 : -Infinity;
    m.constant[k] = prior - 0.5 * m.dim * Math.log(2 * Math.PI * m.v[k]);
  }
}

/** log p_sigma(x) of row i; leaves p(k | x) in m.post. */
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

/** log p_sigma(x), or log p_sigma(x | cond): (n). Chapter 1, eq-mixture. */
export function logDensity(m, x, sigma, cond, out) {
  prepare(m, sigma, cond);
  for (let i = 0; i * m.dim < x.length; i += 1) out[i] = weigh(m, x, i);
  return out;
}

/** p(k | x_sigma): (n × K). Chapter 1, eq-posterior. */
export function posterior(m, x, sigma, out) {
  prepare(m, sigma, ANY);
  for (let i = 0; i * m.dim < x.length; i += 1) {
    weigh(m, x, i);
    out.set(m.post, i * m.K);
  }
  return out;
}

/** sum_k c_k [mu_k + var_k / v_k (x - mu_k)] with c = (1 - g) p(k | x) + g 1[k = cond]; see `cfg`. */
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

/** The denoiser E[x0 | x_sigma, cond]. Chapter 1, eq-denoiser-mixture. */
export const denoiser = (m, cond = ANY) => (x, sigma, out) => average(m, x, sigma, cond === ANY ? 0 : 1, cond, out);

/** Classifier-free guidance, D + g [D(cond) - D]: 1 is the conditional model, 0 the mixture. Chapter 3, eq-cfg. */
export const cfg = (m, g, cond) => (x, sigma, out) => average(m, x, sigma, g, cond, out);

/** A spring to the point `target` on top of D: D + sigma^2 K(sigma) (target - x). Chapter 4, eq-forcing. */
export const forcing = (D, target, K) => (x, sigma, out) => {
  D(x, sigma, out);
  const pull = sigma * sigma * K(sigma);
  for (let j = 0; j < x.length; j += 1) out[j] += pull * (target[j % target.length] - x[j]);
  return out;
};

/** The denoised point, moved by the share kappa of its way to `target`. Chapter 4, eq-denoised-feature. */
export const denoisedFeature = (D, target, kappa) => (x, sigma, out) => {
  D(x, sigma, out);
  for (let j = 0; j < x.length; j += 1) out[j] += kappa * (target[j % target.length] - out[j]);
  return out;
};

/** The score grad log p_sigma(x | cond) = (D - x) / sigma^2, also at sigma = 0: (n × dim). Chapter 1, eq-score. */
export function score(m, x, sigma, cond, out) {
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

/** J vec, with J = dD/dx the Jacobian of the mixture's denoiser, which is symmetric: (x, sigma, vec, out). J is
 * the covariance of x0 given x_sigma over sigma^2. Chapter 5, eq-mmps. */
export const slope = (m) => (x, sigma, vec, out) => {
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
