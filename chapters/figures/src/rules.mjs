// Which rule? Two rules of chapter 5 side by side on two interleaved half rings: the same 1,000 noises, each
// guided by its rule, and how far the points are from the class at every noise level.
import { cfgppScale, extrapolate, modelOf } from './guided.mjs';
import { away, BLURS, evenly, halfRings, N, PARTS, ruleOf, WIDTH } from './halfrings.mjs';
import { posterior } from './mixture.mjs';
import { setFont, words } from './plot.mjs';
import { geometricSigmas, heunStep, random, step, workspace } from './samplers.mjs';
import { choice, clamp, player, slider, stage, table } from './stage.mjs';

const BLOCK = 100; // points that are computed in one frame after a change
const KEPT = 10; // points that leave a trace
const STEPS = 32;
const SIGMAS = geometricSigmas(STEPS, 0.015, 40);
const SLICES = 8; // directions along which the distance is measured
const SECONDS = 5;
const [CENTRE, ZOOM] = [[0.6, 0.65], 0.9]; // of the picture: at noise sigma it shows (x - centre)/sqrt(1 + (sigma/ZOOM)^2)
const [WIDE, TALL] = [7.4, 4.7];
const MODELS = { exact: 'exact', blurred: 'blurs by 0.2' };
const RULES = { plain: 'unconditional', conditional: 'conditional', cfg: 'CFG', late: 'CFG where σ ≤ 0.5', plus: 'CFG++',
  apg: 'APG', rescaled: 'rescaled CFG', zero: 'CFG-Zero*', reg: 'REG', auto: 'autoguidance' };

function render({ model, el }) {
  const set = Object.fromEntries(['model', 'first', 'firstScale', 'second', 'secondScale', 'seed'].map((key) => [key, model.get(key)]));
  const world = halfRings();
  const start = new Float64Array(2 * N);
  const work = workspace(2 * BLOCK);
  const x = new Float64Array(2 * BLOCK);
  const post = new Float64Array(2 * N * 2 * PARTS);
  const line = new Float64Array(N);
  const sides = ['first', 'second'].map((key, i) => ({ key, kind: ['ode', 'sde'][i], paths: new Float64Array((STEPS + 1) * 2 * N),
    wrong: new Uint8Array(N), filled: 0, report: [], box: null }));
  let reached = STEPS; // steps done, with a fraction

  const directions = Array.from({ length: SLICES }, (_, k) => [Math.cos((Math.PI * k) / SLICES), Math.sin((Math.PI * k) / SLICES)]);
  /** Projections on a direction, in order. */
  function project(points, [a, b]) {
    for (let i = 0; i < N; i += 1) line[i] = a * points[2 * i] + b * points[2 * i + 1];
    return line.sort();
  }

  /** Spread and share in the wrong class of points at one noise level. */
  function measure(points, sigma, wrong) {
    let [square, share] = [0, 0];
    const mean = [0, 0];
    for (let j = 0; j < 2 * N; j += 1) mean[j % 2] += points[j] / N;
    for (let j = 0; j < 2 * N; j += 1) square += (points[j] - mean[j % 2]) ** 2 / N;
    posterior(world.all, points, sigma, post);
    for (let i = 0; i < N; i += 1) {
      let p = 0;
      for (let k = 0; k < PARTS; k += 1) p += post[2 * PARTS * i + k];
      if (wrong) wrong[i] = p < 0.5 ? 1 : 0;
      share += p < 0.5 ? 1 / N : 0;
    }
    return { spread: Math.sqrt(square), share };
  }

  const { clean, noise } = evenly(world.one);
  const truth = Array.from(SIGMAS, (sigma) => {
    const points = clean.map((value, j) => value + sigma * noise[j]);
    const apart = Array.from({ length: N }, (_, i) => away(points, i)).sort((a, b) => a - b);
    return { ...measure(points, sigma), edge: apart[0.99 * N], lines: directions.map((each) => project(points, each).slice()) };
  });

  function begin() {
    const rng = random(set.seed);
    for (let j = 0; j < 2 * N; j += 1) start[j] = SIGMAS[0] * rng.normal();
  }

  /** The paths of the next block of points under the rule of this side. */
  function block(side) {
    const from = 2 * side.filled;
    const [name, g] = [set[side.key], set[`${side.key}Scale`]];
    const plain = name === 'plus' ? modelOf(world.all, world.one, BLURS[set.model]) : null;
    x.set(start.subarray(from, from + 2 * BLOCK));
    for (let j = 0; j <= STEPS; j += 1) {
      side.paths.set(x, 2 * N * j + from);
      if (j === STEPS) break;
      const [sigma, next] = [SIGMAS[j], SIGMAS[j + 1]];
      if (plain) step(extrapolate(plain.plain, plain.ofClass, cfgppScale(g / 8, sigma, next)), x, sigma, next, 1, work);
      else heunStep(side.D, x, sigma, next, work);
    }
    side.filled += BLOCK;
    if (side.filled < N) return;
    side.report = truth.map((of, j) => {
      const points = side.paths.subarray(2 * N * j, 2 * N * (j + 1));
      const { spread, share } = measure(points, SIGMAS[j], side.wrong); // the last one says where they end
      let [far, off] = [0, 0];
      for (let i = 0; i < N; i += 1) if (away(points, i) > of.edge) off += 1 / N;
      directions.forEach((each, k) => project(points, each).forEach((value, i) => { far += Math.abs(value - of.lines[k][i]); }));
      return [spread / of.spread, share, off, far / (N * SLICES * Math.hypot(1, SIGMAS[j]))];
    });
    tell();
  }

  let waiting = 0;
  /** Compute all points of the sides that changed: at once, or some in each frame. */
  function run(changed, atOnce) {
    for (const side of changed) {
      side.filled = 0;
      if (set[side.key] !== 'plus') side.D = ruleOf(set[side.key], set[`${side.key}Scale`], BLURS[set.model], world);
    }
    const more = () => {
      waiting = 0;
      const todo = sides.filter((side) => side.filled < N);
      todo.forEach(block);
      if (!atOnce) made.redraw();
      if (todo.length && atOnce) more();
      else if (todo.length) waiting = requestAnimationFrame(more);
    };
    if (!waiting) more();
  }

  const number = (value, digits) => value.toFixed(digits);
  const values = ([spread, share, off, far]) => [number(spread, 2), `${number(100 * share, 1)} %`, `${number(100 * off, 1)} %`, number(far, 3)];
  function tell() {
    const j = Math.round(reached);
    fill('conditional', values([1, truth[j].share, 0.01, 0]));
    for (const side of sides) if (side.report.length) fill(side.kind, values(side.report[j]));
  }

  const now = () => {
    const j = Math.min(STEPS - 1, Math.floor(reached));
    const to = Math.max(SIGMAS[j + 1], 0.005);
    return reached === STEPS ? 0 : SIGMAS[j] * (to / SIGMAS[j]) ** (reached - j);
  };
  const zoomAt = (sigma) => 1 / Math.hypot(1, sigma / ZOOM);

  /** Point i of a side between two steps, seen through the microscope: [x, y] in pixels. */
  function place({ paths, box }, i, j, part) {
    const at = 2 * (N * j + i);
    const to = at + (j < STEPS ? 2 * N : 0);
    const [a, b] = [zoomAt(SIGMAS[j]), zoomAt(SIGMAS[Math.min(STEPS, j + 1)])];
    const put = (k) => (1 - part) * a * (paths[at + k] - CENTRE[k]) + part * b * (paths[to + k] - CENTRE[k]);
    return [box.x + box.unit * put(0), box.y - box.unit * put(1)];
  }

  const made = stage(el, {
    label: 'Two pictures of the same world, two interleaved half rings, and in each the points that one rule makes from the same noise. The table gives their spread, the shares in the wrong class and off the ring, and the distance to the class.',
    height: (width) => (width < 520 ? 2 * (24 + (width * TALL) / WIDE) + 10 : 24 + ((width - 20) / 2) * (TALL / WIDE)),
    layout(width) {
      const wide = width < 520 ? width : (width - 20) / 2;
      const tall = (wide * TALL) / WIDE;
      sides.forEach((side, i) => {
        const [left, top] = width < 520 ? [0, i * (tall + 34)] : [i * (wide + 20), 0];
        side.box = { left, top, wide, tall, x: left + wide / 2, y: top + 24 + tall / 2, unit: wide / WIDE };
      });
    },
    draw(ctx, colors) {
      for (const side of sides) {
        const { box } = side;
        setFont(ctx, 12.5, 600);
        words(ctx, title(side), box.left, box.top + 14, colors.text[side.kind]);
        setFont(ctx);
        ctx.save();
        ctx.beginPath();
        ctx.rect(box.left, box.top + 24, box.wide, box.tall);
        ctx.clip();
        ring(ctx, box, 0, colors.conditional, 0.28);
        ring(ctx, box, PARTS, colors.mixture, 0.16);
        drawPoints(ctx, side, colors);
        ctx.restore();
        ctx.strokeStyle = colors.faint;
        ctx.strokeRect(box.left + 0.5, box.top + 24.5, box.wide - 1, box.tall - 1);
      }
    },
  });

  function title({ key }) {
    const [name, g] = [set[key], set[`${key}Scale`]];
    return RULES[name] + (scaleWords(name, g) === '–' ? '' : `, ${scaleWords(name, g)}`);
  }

  const scaleWords = (name, g) => {
    if (name === 'plain' || name === 'conditional') return '–';
    return name === 'plus' ? `g₊₊ = ${number(g / 8, 2)}` : `g = ${number(g, 1)}`;
  };

  /** A half ring as a band, as wide as two thirds of its points are. */
  function ring(ctx, box, first, color, alpha) {
    const unit = box.unit * zoomAt(now());
    const { means } = world.all;
    ctx.beginPath();
    for (let k = first; k < first + PARTS; k += 1) ctx.lineTo(box.x + unit * (means[2 * k] - CENTRE[0]), box.y - unit * (means[2 * k + 1] - CENTRE[1]));
    ctx.globalAlpha = alpha;
    ctx.strokeStyle = color;
    ctx.lineWidth = 3 * WIDTH * unit;
    ctx.lineCap = ctx.lineJoin = 'round';
    ctx.stroke();
    ctx.globalAlpha = 1;
  }

  function drawPoints(ctx, side, colors) {
    const j = Math.min(STEPS - 1, Math.floor(reached));
    const part = reached - j;
    ctx.strokeStyle = colors[side.kind];
    ctx.lineWidth = 1;
    ctx.globalAlpha = 0.55;
    for (let i = 0; i < Math.min(KEPT, side.filled) && reached < STEPS; i += 1) {
      ctx.beginPath();
      for (let k = 0; k <= j; k += 1) ctx.lineTo(...place(side, i, k, 0));
      ctx.lineTo(...place(side, i, j, part));
      ctx.stroke();
    }
    ctx.globalAlpha = 0.75;
    for (const end of [0, 1]) {
      ctx.fillStyle = end ? colors.ink : colors[side.kind];
      for (let i = 0; i < side.filled; i += 1) {
        if (side.wrong[i] !== end) continue;
        const [a, b] = place(side, i, j, part);
        ctx.fillRect(a - 1, b - 1, 2, 2);
      }
    }
    ctx.globalAlpha = 1;
  }

  const wind = (to) => { reached = clamp(to, 0, STEPS); tell(); };
  player(made, (seconds) => {
    wind((reached === STEPS ? 0 : reached) + (seconds * STEPS) / SECONDS);
    showTime(reached / STEPS);
    return reached < STEPS;
  });
  const showTime = slider(made, { label: 'progress', min: 0, max: 1, step: 0.002, value: 1, show: () => `σ = ${Number(now().toPrecision(2))}` },
    (value) => { wind(value * STEPS); showTime(value); made.redraw(); });
  choice(made, { label: 'the model', options: MODELS, value: set.model }, (value) => { set.model = value; run(sides, false); });
  slider(made, { label: 'seed', min: 1, max: 30, step: 1, value: set.seed }, (value) => { set.seed = value; begin(); run(sides, false); });
  for (const side of sides) {
    const { key } = side;
    choice(made, { label: `${key} rule`, options: RULES, value: set[key] }, (value) => {
      set[key] = value;
      showScale(set[`${key}Scale`]);
      run([side], false);
    });
    const showScale = slider(made, { label: `${key} scale`, min: 0, max: 8, step: 0.1, value: set[`${key}Scale`], show: (g) => scaleWords(set[key], g) },
      (value) => { set[`${key}Scale`] = value; run([side], false); });
  }
  const fill = table(made, ['spread', 'wrong class', 'off the ring', 'distance'], { conditional: 'true class', ode: 'first rule', sde: 'second rule' });
  begin();
  run(sides, true);
}

export default { render };
