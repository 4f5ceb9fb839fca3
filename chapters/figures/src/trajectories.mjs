// Trajectories: 2,000 points from noise to data by a chosen solver, a few of them with their paths, and the
// law that fills up beside them, against the exact one.
import { gridFor, mixtureLaw, ndtr } from './laws.mjs';
import { ANY, denoiser, logDensity, mixture, posterior } from './mixture.mjs';
import { axes, curve, inside, line, panel, words } from './plot.mjs';
import { geometricSigmas, heunStep, random, step, workspace } from './samplers.mjs';
import { choice, clamp, player, slider, stage } from './stage.mjs';

const N = 2000;
const KEPT = 32;
const BINS = 56;
const EDGE = 3.4; // in x / sqrt(1 + sigma^2), chapter 1's microscope
const [FIRST, LAST, SHOWN] = [20, 0.05, 0.025]; // noise levels: of the start, before 0, and where 0 is drawn
const SECONDS = 5;
const SOLVERS = { euler: 'Euler (DDIM)', heun: 'Heun', ancestral: 'ancestral (DDPM)' };

function render({ model, el }) {
  const m = mixture(model.get('weights'), model.get('means'), model.get('widths').map((width) => width ** 2));
  const set = { solver: model.get('solver'), steps: model.get('steps'), seed: model.get('seed') };
  const D = denoiser(m);
  const kinds = ['class0', 'class1', 'feature'];
  const work = workspace(N);
  const x = new Float64Array(N);
  const ends = new Uint8Array(N); // the class in which each point ends
  const ys = Float64Array.from({ length: 161 }, (_, i) => EDGE * (i / 80 - 1));
  const [at, density] = [new Float64Array(ys.length), new Float64Array(ys.length)];
  const bins = Array.from({ length: m.K }, () => new Float64Array(BINS));
  const law = mixtureLaw(m, ANY, gridFor(m, 0, 240));
  const exact = [m.weights[0].toFixed(3), Math.abs(law.mean) < 0.005 ? '0.00' : law.mean.toFixed(2), law.std.toFixed(2)];
  let paths; // (steps + 1) × N, through the microscope
  let sigmas;
  let reached; // steps done, with a fraction
  let [fan, side] = [null, null];

  /** All of the run at once, so that it can be played, stopped and wound back. */
  function run() {
    const rng = random(set.seed);
    sigmas = geometricSigmas(set.steps, LAST, FIRST);
    paths = new Float32Array((set.steps + 1) * N);
    for (let i = 0; i < N; i += 1) x[i] = FIRST * rng.normal();
    for (let j = 0; j <= set.steps; j += 1) {
      const zoom = 1 / Math.hypot(1, sigmas[j]);
      for (let i = 0; i < N; i += 1) paths[j * N + i] = x[i] * zoom;
      if (j === set.steps) break;
      if (set.solver === 'heun') heunStep(D, x, sigmas[j], sigmas[j + 1], work);
      else step(D, x, sigmas[j], sigmas[j + 1], set.solver === 'euler' ? 1 : 0.5, work, rng);
    }
    const post = posterior(m, x, 0, new Float64Array(N * m.K));
    let [left, mean, square] = [0, 0, 0];
    for (let i = 0; i < N; i += 1) {
      ends[i] = 0;
      for (let k = 1; k < m.K; k += 1) if (post[i * m.K + k] > post[i * m.K + ends[i]]) ends[i] = k;
      left += (ends[i] === 0) / N;
      mean += x[i] / N;
      square += x[i] ** 2 / N;
    }
    const found = [left.toFixed(3), mean.toFixed(2), Math.sqrt(square - mean ** 2).toFixed(2)];
    readout.textContent = ['Share of class 0', 'Mean', 'Spread']
      .map((name, i) => `${name}: ${found[i]}, exact ${exact[i]}.`).join(' ').replaceAll('-', '−');
    wind(set.steps);
  }

  /** Everything that depends on how far the run has come. */
  function wind(to) {
    reached = clamp(to, 0, set.steps);
    const sigma = now();
    const zoom = Math.hypot(1, sigma);
    for (let i = 0; i < ys.length; i += 1) at[i] = ys[i] * zoom;
    logDensity(m, at, sigma, ANY, density);
    for (let i = 0; i < ys.length; i += 1) density[i] = Math.exp(density[i]) * zoom;
    for (const each of bins) each.fill(0);
    for (let i = 0; i < N; i += 1) {
      const bin = Math.floor(((place(i) + EDGE) / (2 * EDGE)) * BINS);
      if (bin >= 0 && bin < BINS) bins[ends[i]][bin] += BINS / (N * 2 * EDGE);
    }
  }

  const shown = (j) => Math.max(SHOWN, sigmas[j]);
  const now = () => { // the noise level between two steps, 0 at the end
    const j = Math.min(set.steps - 1, Math.floor(reached));
    if (reached === set.steps) return 0;
    return shown(j) * (shown(j + 1) / shown(j)) ** (reached - j);
  };
  const place = (i) => {
    const j = Math.min(set.steps - 1, Math.floor(reached));
    const from = paths[j * N + i];
    return from + (reached - j) * (paths[(j + 1) * N + i] - from);
  };

  /** Curves of constant F_sigma(x), which the exact ODE follows: eq-quantile. By bisection. */
  const levels = Float64Array.from({ length: 61 }, (_, i) => FIRST * (SHOWN / FIRST) ** (i / 60));
  const flow = Array.from({ length: 15 }, (_, q) => levels.map((sigma) => {
    let [lo, hi] = [-60, 60];
    for (let i = 0; i < 45; i += 1) {
      const mid = (lo + hi) / 2;
      let F = 0;
      for (let k = 0; k < m.K; k += 1) F += m.weights[k] * ndtr((mid - m.means[k]) / Math.hypot(sigma, Math.sqrt(m.vars[k])));
      if (F < (q + 0.5) / 15) lo = mid;
      else hi = mid;
    }
    return lo / Math.hypot(1, sigma);
  }));

  const made = stage(el, {
    label: 'Left, paths of points from high noise to data; right, the histogram of all points at the present noise level over the exact density.',
    height: (width) => (width < 520 ? 330 : 380),
    layout(width, height) {
      const law = width < 520 ? 84 : 150;
      const h = height - 66;
      fan = panel([34, 24, width - law - 62, h], [FIRST, SHOWN], [-EDGE, EDGE], true);
      side = panel([width - law - 8, 24, law, h], [0, 0.72], [-EDGE, EDGE]);
    },
    draw(ctx, colors) {
      const wide = fan.width > 300;
      axes(ctx, fan, colors, { xticks: wide ? [20, 5, 1, 0.2, 0.05] : [20, 1, 0.05], yticks: [-2, 0, 2],
        xlabel: wide ? 'noise level σ, falling to 0' : 'noise level σ', title: wide ? 'x, seen through the OU microscope' : 'x, rescaled' });
      axes(ctx, side, colors, { title: wide ? 'law at this noise' : 'law', xlabel: 'density' });
      inside(ctx, fan, () => {
        for (const each of flow) curve(ctx, fan, levels, each, colors.line, '', 1);
        ctx.globalAlpha = 0.9;
        for (let i = 0; i < KEPT; i += 1) drawPath(ctx, i, colors);
        drawPoints(ctx, colors);
        ctx.globalAlpha = 1;
      });
      const tall = side.height / BINS;
      inside(ctx, side, () => {
        for (let b = 0; b < BINS; b += 1) {
          let from = 0;
          for (let k = 0; k < m.K; k += 1) {
            ctx.fillStyle = colors[kinds[k]];
            ctx.globalAlpha = 0.55;
            ctx.fillRect(side.X(from), side.top + side.height - (b + 1) * tall, side.X(bins[k][b]) - side.left, tall - 0.5);
            from += bins[k][b];
          }
        }
        ctx.globalAlpha = 1;
        curve(ctx, side, density, ys, colors.ink, '', 2);
      });
      words(ctx, 'exact', side.left + 8, side.Y(2.8), colors.ink);
      line(ctx, fan.X(Math.max(SHOWN, now())), fan.top, fan.X(Math.max(SHOWN, now())), fan.top + fan.height, colors.line);
    },
  });

  function drawPath(ctx, i, colors) {
    ctx.beginPath();
    for (let j = 0; j <= reached; j += 1) ctx.lineTo(fan.X(shown(j)), fan.Y(paths[j * N + i]));
    ctx.lineTo(fan.X(Math.max(SHOWN, now())), fan.Y(place(i)));
    ctx.strokeStyle = colors[kinds[ends[i]]];
    ctx.lineWidth = 1.2;
    ctx.stroke();
  }

  function drawPoints(ctx, colors) {
    const middle = fan.X(Math.max(SHOWN, now()));
    for (let k = 0; k < m.K; k += 1) {
      ctx.fillStyle = colors[kinds[k]];
      for (let i = 0; i < N; i += 1) {
        if (ends[i] === k) ctx.fillRect(middle - 6 + ((i * 7) % 11), fan.Y(place(i)) - 0.8, 1.6, 1.6);
      }
    }
  }

  player(made, (seconds) => {
    wind((reached === set.steps ? 0 : reached) + (seconds * set.steps) / SECONDS);
    showTime(reached / set.steps);
    return reached < set.steps;
  });
  const showTime = slider(made, { label: 'progress', min: 0, max: 1, step: 0.002, value: 1, show: (v) => `${Math.round(100 * v)} %` },
    (value) => { wind(value * set.steps); made.redraw(); });
  const change = (key) => (value) => {
    set[key] = value;
    const part = reached / (sigmas.length - 1);
    run();
    wind(part * set.steps);
    made.redraw();
  };
  choice(made, { label: 'solver', options: SOLVERS, value: set.solver }, change('solver'));
  slider(made, { label: 'steps', min: 3, max: 100, step: 1, value: set.steps }, change('steps'));
  slider(made, { label: 'seed', min: 1, max: 30, step: 1, value: set.seed }, change('seed'));
  const readout = document.createElement('p');
  readout.className = 'readout';
  made.root.append(readout);
  run();
}

export default { render };
