// Noise and denoise: density, posterior, score and denoiser of a mixture on the line, at every noise level.
import { ANY, denoiser, logDensity, mixture, posterior, score } from './mixture.mjs';
import { axes, curve, dot, inside, line, niceStep, panel, words } from './plot.mjs';
import { random } from './samplers.mjs';
import { LOG, clamp, handle, player, slider, stage } from './stage.mjs';

const EDGE = 7;
const N = 2000;
const POINTS = 281;
const TICKS = [-6, -3, 0, 3, 6];

function render({ model, el }) {
  const [weights, means, widths] = ['weights', 'means', 'widths'].map((key) => [...model.get(key)]);
  let sigma = model.get('sigma');
  let probe = model.get('probe');
  const K = weights.length;
  const kinds = ['class0', 'class1', 'feature'];

  const xs = Float64Array.from({ length: POINTS }, (_, i) => EDGE * ((2 * i) / (POINTS - 1) - 1));
  const array = (n) => new Float64Array(n);
  const [density, slope, guess, at, atScore, atGuess] = [POINTS, POINTS, POINTS, 1, 1, 1].map(array);
  const post = array(POINTS * K);
  const shares = Array.from({ length: K }, () => array(POINTS));
  const parts = Array.from({ length: K }, () => array(POINTS));
  const rng = random(1);
  const draws = (make) => Float64Array.from({ length: N }, make);
  const [which, within, noise] = [draws(rng.uniform), draws(rng.normal), draws(rng.normal)];
  const [clean, noisy] = [array(N), array(N)];
  const label = new Uint8Array(N);
  let m;
  let panels;

  function compute() {
    m = mixture(weights, means, widths.map((width) => width ** 2));
    level();
  }

  function level() {
    logDensity(m, xs, sigma, ANY, density);
    posterior(m, xs, sigma, post);
    score(m, xs, sigma, ANY, slope);
    denoiser(m)(xs, sigma, guess);
    for (let i = 0; i < POINTS; i += 1) {
      density[i] = Math.exp(density[i]);
      for (let k = 0; k < K; k += 1) {
        shares[k][i] = post[i * K + k];
        parts[k][i] = post[i * K + k] * density[i];
      }
    }
    at[0] = probe;
    score(m, at, sigma, ANY, atScore);
    denoiser(m)(at, sigma, atGuess);
    for (let i = 0; i < N; i += 1) {
      let k = 0;
      for (let rest = which[i] - m.weights[0]; rest > 0 && k < K - 1; rest -= m.weights[k]) k += 1;
      label[i] = k;
      clean[i] = means[k] + widths[k] * within[i];
      noisy[i] = clean[i] + sigma * noise[i];
    }
    if (panels) scaleDensity();
  }

  function scaleDensity() {
    let top = 0;
    for (let i = 0; i < POINTS; i += 1) top = Math.max(top, density[i]);
    const { left, top: up, width, height } = panels[0];
    panels[0] = panel([left, up, width, height], [-EDGE, EDGE], [0, 1.25 * top]);
    const tick = niceStep(1.25 * top);
    panels[0].ticks = [0, tick, Number((2 * tick).toPrecision(2))];
    for (let k = 0; k < K; k += 1) {
      const peak = m.weights[k] / Math.sqrt(2 * Math.PI * (widths[k] ** 2 + sigma ** 2));
      place[k](panels[0].X(means[k]), panels[0].Y(peak),
        `Class ${k}: mean ${means[k].toFixed(1)}, weight ${m.weights[k].toFixed(2)}. Arrow keys move it.`);
    }
  }

  const made = stage(el, {
    label: 'Four curves over the noisy point x: density, class probabilities, score and denoiser of the mixture.',
    height: (width) => (width < 520 ? 740 : 462),
    layout(width) {
      const narrow = width < 520;
      const w = narrow ? width - 40 : (width - 96) / 2;
      const h = narrow ? 130 : 160;
      const box = (i) => (narrow ? [32, 24 + i * 182, w, h] : [32 + (i % 2) * (w + 56), 24 + Math.floor(i / 2) * 228, w, h]);
      const ranges = [[0, 1], [0, 1.06], [-5, 5], [-5, 5]];
      panels = ranges.map((range, i) => panel(box(i), [-EDGE, EDGE], range));
      scaleDensity();
    },
    draw(ctx, colors) {
      const [p, q, s, d] = panels;
      axes(ctx, p, colors, { xticks: TICKS, yticks: p.ticks, title: 'density of noisy points' });
      axes(ctx, q, colors, { xticks: TICKS, yticks: [0, 0.5, 1], title: 'probability of each class' });
      axes(ctx, s, colors, { xticks: TICKS, yticks: [-4, 0, 4], title: 'score s', xlabel: s.top === d.top ? 'noisy point x' : '' });
      axes(ctx, d, colors, { xticks: TICKS, yticks: [-4, 0, 4], title: 'denoiser D, clean against noisy', xlabel: 'noisy point x' });
      for (const each of panels) line(ctx, each.X(probe), each.top, each.X(probe), each.top + each.height, colors.line);
      inside(ctx, d, () => {
        for (let k = 0; k < K; k += 1) {
          ctx.fillStyle = colors[kinds[k]];
          ctx.globalAlpha = 0.55;
          for (let i = 0; i < N; i += 1) if (label[i] === k) ctx.fillRect(d.X(noisy[i]) - 0.9, d.Y(clean[i]) - 0.9, 1.8, 1.8);
          ctx.globalAlpha = 1;
        }
        line(ctx, d.X(-5), d.Y(-5), d.X(5), d.Y(5), colors.line);
        curve(ctx, d, xs, guess, colors.ink);
      });
      inside(ctx, s, () => {
        line(ctx, s.left, s.Y(0), s.left + s.width, s.Y(0), colors.faint);
        curve(ctx, s, xs, slope, colors.ink);
      });
      inside(ctx, p, () => {
        for (let k = 0; k < K; k += 1) curve(ctx, p, xs, parts[k], colors[kinds[k]], '', 1.5, 0.25);
        curve(ctx, p, xs, density, colors.ink);
      });
      for (let k = 0; k < K; k += 1) {
        curve(ctx, q, xs, shares[k], colors[kinds[k]]);
        const right = means[k] > 0;
        words(ctx, `class ${k}`, right ? q.left + q.width - 4 : q.left + 6, q.Y(1) + 15, colors.text[kinds[k]], right ? 'right' : 'left');
      }
      dot(ctx, s.X(probe), s.Y(clamp(atScore[0], -5, 5)), 4, colors.ink);
      dot(ctx, d.X(probe), d.Y(atGuess[0]), 4, colors.ink);
      words(ctx, 'x itself', d.X(4.1), d.Y(3.1), colors.quiet);
      readout.textContent = `x = ${sign(probe)}:  s = ${sign(atScore[0])},  x + σ²s = ${sign(probe + sigma ** 2 * atScore[0])} = D`;
    },
  });
  const sign = (value) => value.toFixed(2).replace('-', '−');
  const changed = (compute_) => () => { compute_(); made.redraw(); };

  let up = true;
  player(made, (seconds) => { // up and down between the ends, in log sigma
    const next = sigma * Math.exp((up ? 1 : -1) * 1.1 * seconds);
    up = next >= 4 ? false : next <= 0.05 ? true : up;
    sigma = clamp(next, 0.05, 4);
    showSigma(sigma);
    level();
  });
  const showSigma = slider(made, { label: 'noise level σ', min: 0.05, max: 4, value: sigma, ...LOG, show: (v) => v.toFixed(2) },
    (value) => { sigma = value; changed(level)(); });
  slider(made, { label: 'noisy point x', min: -6, max: 6, step: 0.05, value: probe, show: sign },
    (value) => { probe = value; changed(level)(); });
  const reweigh = (k, weight) => {
    const rest = weights.reduce((sum, value, j) => (j === k ? sum : sum + value), 0);
    for (let j = 0; j < K; j += 1) weights[j] = j === k ? clamp(weight, 0.05, 0.95) : (weights[j] / rest) * (1 - clamp(weight, 0.05, 0.95));
  };
  const place = means.map((_, k) => handle(made, kinds[k],
    (px, py) => {
      means[k] = clamp(panels[0].atX(px), -5, 5);
      if (K > 1) reweigh(k, panels[0].atY(py) * Math.sqrt(2 * Math.PI * (widths[k] ** 2 + sigma ** 2)));
      changed(compute)();
    },
    (right, higher) => {
      means[k] = clamp(means[k] + 0.1 * right, -5, 5);
      if (K > 1 && higher) reweigh(k, m.weights[k] + 0.02 * higher);
      changed(compute)();
    }));
  const readout = document.createElement('p');
  readout.className = 'readout';
  made.root.append(readout);
  compute();
}

export default { render };
