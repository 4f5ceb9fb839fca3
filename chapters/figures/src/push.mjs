// Push with a feature: 2,000 particles under a spring or a denoised push that is let go at a noise level, the
// classes as they part on the way, and the exact law at the end against the true class.
import { gridFor, massBelow, mixtureLaw, ndtr, normalDensity, sdeLaw } from './laws.mjs';
import { denoisedFeature, denoiser, forcing, mixture } from './mixture.mjs';
import { missed, narrowLaw } from './narrow.mjs';
import { axes, curve, inside, line, panel, words } from './plot.mjs';
import { geometricSigmas, heunStep, random, step, workspace } from './samplers.mjs';
import { choice, clamp, player, slider, stage, table } from './stage.mjs';

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
/** The noise level at which the classes stand r of its widths apart; chapter 4 names levels by r. */
const level = (separation, r) => Math.sqrt((separation / r) ** 2 - 1);

/** The push and what follows it, as stages: chapter 4, eq-forcing and eq-denoised-feature. */
function stagesOfPush(m, push, strength, off) {
  const D = denoiser(m);
  const spring = forcing(D, [0], (sigma) => strength / (1 + sigma * sigma));
  return [[push === 'spring' ? spring : denoisedFeature(D, [0], strength), START, off], [D, off, 0]];
}

/** The law in which the push ends, and its distance to the class. */
export function pushLaw(separation, push, strength, r, sampler) {
  const m = pair(separation);
  const grid = gridFor(m, 0, 320);
  const stages = stagesOfPush(m, push, strength, level(separation, r));
  const law = sampler === 'sde' ? sdeLaw(stages, grid, 0.5, 80) : narrowLaw(stages, grid, grid.x[0], grid.x.at(-1));
  return Object.assign(law, { wrong: massBelow(law, -separation / 2), missed: missed(law, grid) });
}

/** The N quantiles of N(0, 1), by Newton's method, each from the one before. */
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

  /** Everything that depends on how far the run has come. */
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
