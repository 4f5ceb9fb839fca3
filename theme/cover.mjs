// The picture on the first page: the probability flow of a two-bell mixture, exact. Each line is
// one quantile, carried from wide noise (left) to the two classes (right).

const MEANS = [-1, 1];
const WIDTH = 0.12;

const erf = (x) => {
  // Abramowitz and Stegun 7.1.26: more exact than a pixel.
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - poly * Math.exp(-x * x));
};

const cdf = (x, scale) => MEANS.reduce((sum, mean) => sum + 0.25 * (1 + erf((x - mean) / (scale * Math.SQRT2))), 0);

function quantile(q, scale) {
  let [lo, hi] = [-40, 40];
  for (let i = 0; i < 50; i += 1) {
    const mid = (lo + hi) / 2;
    if (cdf(mid, scale) < q) lo = mid;
    else hi = mid;
  }
  return (lo + hi) / 2;
}

export function cover({ lines = 60, steps = 40, width = 900, height = 240 } = {}) {
  const paths = [];
  for (let i = 0; i < lines; i += 1) {
    const q = (i + 0.5) / lines;
    const points = [];
    for (let j = 0; j <= steps; j += 1) {
      const sigma = 1.5 * (1 - j / steps) ** 1.7;
      const y = height / 2 - (quantile(q, Math.hypot(WIDTH, sigma)) / 3.6) * height;
      points.push(`${((j / steps) * width).toFixed(0)} ${y.toFixed(1)}`);
    }
    paths.push(`<path${q > 0.5 ? ' class="guided"' : ''} d="M${points.join('L')}"/>`);
  }
  return `<svg class="art" viewBox="0 0 ${width} ${height}" role="img" `
    + 'aria-label="Lines fan in from wide noise on the left to two narrow bundles on the right.">'
    + `${paths.join('')}</svg>`;
}
