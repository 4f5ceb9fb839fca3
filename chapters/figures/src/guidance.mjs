// What guidance samples: the true class, the tilted density and the laws of the guided ODE and SDE, as the
// scale, the separation and the weight are slid; and 2,000 particles on their way from noise to data.
import { gridFor, massBelow, mixtureLaw, odeLaw, sdeLaw, tiltedLaw, wasserstein1 } from './laws.mjs';
import { cfg, mixture } from './mixture.mjs';
import { axes, curve, inside, line, niceStep, panel, words } from './plot.mjs';
import { geometricSigmas, heunStep, random, step, workspace } from './samplers.mjs';
import { player, slider, stage, table } from './stage.mjs';

const N = 1000; // particles of each kind
const KEPT = 14; // of which so many leave a trace
const BINS = 55;
const [LEFT, RIGHT] = [-5, 6];
const SIGMAS = geometricSigmas(160, 0.02, 300);
const STEPS = SIGMAS.length - 1;
const TOP = 40; // the noise level at which the picture begins
const KINDS = { conditional: 'true class', tilted: 'tilted density', ode: 'guided ODE', sde: 'guided SDE' };

function render({ model, el }) {
  const set = Object.fromEntries(['scale', 'separation', 'weight', 'beta'].map((key) => [key, model.get(key)]));
  const clouds = ['ode', 'sde'].map((kind) => ({ kind, x: new Float64Array(N), bins: new Float64Array(BINS),
    traces: new Float64Array(KEPT * (STEPS + 1)) }));
  const work = workspace(N);
  const laws = {};
  let [D, rng, now, seed] = [null, null, -1, 0]; // now: the step that the particles have reached, -1 for none
  let rain;
  let below;

  function compute() {
    const m = mixture([set.weight, 1 - set.weight], [0, -set.separation], [1, 1]);
    const grid = gridFor(m, 0, 240);
    D = cfg(m, set.scale, 0);
    laws.conditional = mixtureLaw(m, 0, grid);
    laws.tilted = tiltedLaw(m, set.scale, 0, grid);
    laws.ode = odeLaw(D, grid);
    laws.sde = sdeLaw(D, grid, set.beta);
    for (const kind of Object.keys(KINDS)) {
      const law = laws[kind];
      fill(kind, [law.mean, law.std, massBelow(law, 0), wasserstein1(law, laws.conditional)]
        .map((value) => value.toFixed(3).replace('-', '−').replace('−0.000', '0.000')));
    }
    if (rain) rescale();
  }

  function start() {
    rng = random(seed += 1);
    now = 0;
    for (let i = 0; i < N; i += 1) clouds[0].x[i] = SIGMAS[0] * rng.normal();
    clouds[1].x.set(clouds[0].x); // both start from the same points
    record();
    while (SIGMAS[now] > TOP) advance();
  }

  /** All the way at once: what stands in the picture while nothing plays. */
  function finish() {
    start();
    while (now < STEPS) advance();
    made.redraw();
  }

  /** Positions seen through the microscope of chapter 1, x / sqrt(1 + sigma^2), as traces and as a histogram. */
  function record() {
    const zoom = 1 / Math.hypot(1, SIGMAS[now]);
    for (const { x, bins, traces } of clouds) {
      bins.fill(0);
      for (let i = 0; i < N; i += 1) {
        const bin = Math.floor(((x[i] * zoom - LEFT) / (RIGHT - LEFT)) * BINS);
        if (bin >= 0 && bin < BINS) bins[bin] += BINS / (N * (RIGHT - LEFT));
      }
      for (let i = 0; i < KEPT; i += 1) traces[i * (STEPS + 1) + now] = x[i] * zoom;
    }
  }

  function advance() {
    const [sigma, next] = [SIGMAS[now], SIGMAS[now + 1]];
    heunStep(D, clouds[0].x, sigma, next, work);
    step(D, clouds[1].x, sigma, next, set.beta, work, rng);
    now += 1;
    record();
  }

  function rescale() {
    let top = 0.5;
    for (const { pdf } of Object.values(laws)) for (let i = 0; i < pdf.length; i += 1) top = Math.max(top, pdf[i]);
    below = panel([below.left, below.top, below.width, below.height], [LEFT, RIGHT], [0, 1.1 * top]);
    const tick = niceStep(1.1 * top);
    below.ticks = [0, tick, Number((2 * tick).toPrecision(2))];
    below.names = [...names(['conditional', 'tilted'], -1), ...names(['ode', 'sde'], 1)];
  }

  /** Names beside the curves, left (-1) or right (1), where at that height no other curve is in the way. */
  function names(kinds, toSide) {
    const found = kinds.map((kind) => ({ kind, y: below.Y(0.66 * Math.max(...laws[kind].pdf)) })).sort((a, b) => a.y - b.y);
    const edge = (kind, y) => { // how far this curve reaches out at the height y
      const { x, pdf } = laws[kind];
      for (let i = 0; i < x.length; i += 1) {
        const j = toSide < 0 ? i : x.length - 1 - i;
        if (below.Y(pdf[j]) < y + 7) return below.X(x[j]);
      }
      return toSide * -Infinity;
    };
    let last = -Infinity;
    for (const each of found) {
      each.y = last = Math.max(each.y, last + 16);
      const out = Object.keys(laws).map((kind) => edge(kind, each.y));
      Object.assign(each, { toSide, own: edge(each.kind, each.y),
        x: toSide < 0 ? Math.min(...out.filter(Number.isFinite)) : Math.max(...out.filter(Number.isFinite)) });
    }
    return found;
  }

  const level = (sigma) => rain.top + ((Math.log(TOP) - Math.log(Math.max(sigma, 0.02))) / (Math.log(TOP) - Math.log(0.02))) * rain.height;
  const LEVELS = [30, 10, 3, 1, 0.3, 0.1];

  const made = stage(el, {
    label: 'Above, particles move from noise down to data; below, the densities of the true class, the tilted density, the guided ODE and the guided SDE. The table gives their numbers.',
    height: (width) => (width < 520 ? 440 : 480),
    layout(width) {
      const w = width - 40;
      rain = panel([34, 22, w, width < 520 ? 130 : 150], [LEFT, RIGHT], [0, 1]);
      below = panel([34, rain.top + rain.height + 34, w, width < 520 ? 205 : 225], [LEFT, RIGHT], [0, 1]);
      rescale();
    },
    draw(ctx, colors) {
      axes(ctx, below, colors, { xticks: [-4, -2, 0, 2, 4, 6], yticks: below.ticks, xlabel: 'x in class widths', title: 'where they arrive: densities' });
      axes(ctx, rain, colors, { title: now < 0 ? 'on the way' : `on the way, at noise level ${Number(SIGMAS[now].toPrecision(2))}` });
      for (const sigma of LEVELS) {
        line(ctx, rain.left, level(sigma), rain.left + rain.width, level(sigma), colors.faint);
        words(ctx, String(sigma), rain.left - 6, level(sigma) + 4, colors.quiet, 'right');
      }
      line(ctx, below.X(0), rain.top, below.X(0), below.top + below.height, colors.faint);
      if (now >= 0) inside(ctx, rain, () => { for (const cloud of clouds) drawCloud(ctx, cloud, colors); });
      inside(ctx, below, () => {
        curve(ctx, below, laws.conditional.x, laws.conditional.pdf, colors.conditional, '', 2, 0.14);
        if (now >= 0) for (const { kind, bins } of clouds) drawBars(ctx, bins, colors[kind]);
        for (const kind of ['tilted', 'sde', 'ode']) curve(ctx, below, laws[kind].x, laws[kind].pdf, colors[kind], kind);
      });
      for (const { kind, x, y, toSide, own } of below.names) {
        if (Math.abs(x - own) > 6) line(ctx, own, y - 4, x + 3 * toSide, y - 4, colors[kind]);
        words(ctx, KINDS[kind], x + 7 * toSide, y, colors.text[kind], toSide < 0 ? 'right' : 'left');
      }
    },
  });

  function drawCloud(ctx, { kind, x, traces }, colors) {
    ctx.strokeStyle = ctx.fillStyle = colors[kind];
    ctx.globalAlpha = 0.7;
    ctx.lineWidth = 1;
    for (let i = 0; i < KEPT; i += 1) {
      ctx.beginPath();
      for (let j = 0; j <= now; j += 1) ctx.lineTo(rain.X(traces[i * (STEPS + 1) + j]), level(SIGMAS[j]));
      ctx.stroke();
    }
    ctx.globalAlpha = 0.5;
    const zoom = 1 / Math.hypot(1, SIGMAS[now]);
    const y = level(SIGMAS[now]);
    const up = kind === 'ode' ? -19 : -9;
    for (let i = 0; i < N; i += 1) ctx.fillRect(rain.X(x[i] * zoom) - 0.8, y + up + ((i * 7) % 9), 1.6, 1.6);
    ctx.globalAlpha = 1;
  }

  function drawBars(ctx, bins, color) {
    ctx.fillStyle = color;
    ctx.globalAlpha = 0.22;
    const wide = below.width / BINS;
    for (let i = 0; i < BINS; i += 1) {
      const y = below.Y(bins[i]);
      ctx.fillRect(below.left + i * wide, y, wide - 0.5, below.top + below.height - y);
    }
    ctx.globalAlpha = 1;
  }

  let owed = 0;
  const play = player(made, (seconds) => {
    if (now < 0 || now === STEPS) start(); // from the noise, with new particles
    for (owed += 60 * seconds; owed >= 1 && now < STEPS; owed -= 1) advance();
    return now < STEPS;
  });
  let resting = 0;
  const change = (key) => (value) => {
    set[key] = value;
    compute();
    clearTimeout(resting);
    if (play.playing()) start();
    else {
      now = -1; // the particles come back when the slider rests: a run takes as long as a few frames
      resting = setTimeout(() => { if (!play.playing()) finish(); }, 250);
    }
    made.redraw();
  };
  const number = (digits) => (value) => value.toFixed(digits);
  slider(made, { label: 'guidance scale g', min: 1, max: 8, step: 0.1, value: set.scale, show: number(1) }, change('scale'));
  slider(made, { label: 'separation ρ', min: 1, max: 8, step: 0.1, value: set.separation, show: number(1) }, change('separation'));
  slider(made, { label: 'weight of the class', min: 0.05, max: 0.95, step: 0.01, value: set.weight, show: number(2) }, change('weight'));
  slider(made, { label: 'stochasticity β of the SDE', min: 0.1, max: 0.9, step: 0.05, value: set.beta, show: number(2) }, change('beta'));
  const fill = table(made, ['mean', 'spread', 'mass below 0', 'W₁ to true'], KINDS);
  compute();
  finish();
}

export default { render };
