// Panels, axes and curves on a canvas, in the look of the book's other figures.
import { DASHES, SOLID } from './stage.mjs';

/** A panel in the pixel box [left, top, width, height] for the data ranges x and y; `log`: x is logarithmic.
 * X and Y take data to pixels, atX and atY back. */
export function panel([left, top, width, height], [x0, x1], [y0, y1], log = false) {
  const scale = log ? Math.log : Number;
  const kx = width / (scale(x1) - scale(x0));
  const ky = height / (y1 - y0);
  return { left, top, width, height, x0, x1, y0, y1,
    X: (x) => left + (scale(x) - scale(x0)) * kx,
    Y: (y) => top + (y1 - y) * ky,
    atX: (px) => (log ? Math.exp((px - left) / kx + Math.log(x0)) : x0 + (px - left) / kx),
    atY: (py) => y1 - (py - top) / ky };
}

export function setFont(ctx, size = 12, weight = 400) {
  ctx.font = `${weight} ${size}px "Source Sans 3", system-ui, sans-serif`;
}

export function words(ctx, text, x, y, color, align = 'left') {
  ctx.fillStyle = color;
  ctx.textAlign = align;
  ctx.fillText(text, x, y);
}

const show = (value) => (value < 0 ? `−${-value}` : `${value}`);

/** Axes with ticks, the name of the abscissa below and that of the ordinate above, as a title. */
export function axes(ctx, p, colors, { xticks = [], yticks = [], xlabel = '', title = '' }) {
  const bottom = p.top + p.height;
  ctx.strokeStyle = colors.line;
  ctx.lineWidth = 1;
  ctx.setLineDash(SOLID);
  ctx.beginPath();
  ctx.moveTo(p.left, p.top);
  ctx.lineTo(p.left, bottom);
  ctx.lineTo(p.left + p.width, bottom);
  for (const tick of xticks) { ctx.moveTo(p.X(tick), bottom); ctx.lineTo(p.X(tick), bottom + 4); }
  for (const tick of yticks) { ctx.moveTo(p.left, p.Y(tick)); ctx.lineTo(p.left - 4, p.Y(tick)); }
  ctx.stroke();
  setFont(ctx);
  for (const tick of xticks) words(ctx, show(tick), p.X(tick), bottom + 16, colors.quiet, 'center');
  for (const tick of yticks) words(ctx, show(tick), p.left - 7, p.Y(tick) + 4, colors.quiet, 'right');
  words(ctx, xlabel, p.left + p.width / 2, bottom + 31, colors.quiet, 'center');
  setFont(ctx, 12.5, 600);
  words(ctx, title, p.left, p.top - 9, colors.ink);
  setFont(ctx);
}

/** Draw `paint()` cut off at the panel's edges. */
export function inside(ctx, p, paint) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(p.left, p.top, p.width, p.height);
  ctx.clip();
  paint();
  ctx.restore();
}

/** ys over xs in the colour and dash of `kind`; `fill` is the opacity of the area below. */
export function curve(ctx, p, xs, ys, color, kind = '', width = 2, fill = 0) {
  ctx.beginPath();
  for (let i = 0; i < xs.length; i += 1) ctx.lineTo(p.X(xs[i]), p.Y(ys[i]));
  ctx.strokeStyle = color;
  ctx.lineWidth = width;
  ctx.lineJoin = 'round';
  ctx.setLineDash(DASHES[kind] ?? SOLID);
  ctx.stroke();
  ctx.setLineDash(SOLID);
  if (!fill) return;
  ctx.lineTo(p.X(xs[xs.length - 1]), p.Y(0));
  ctx.lineTo(p.X(xs[0]), p.Y(0));
  ctx.globalAlpha = fill;
  ctx.fillStyle = color;
  ctx.fill();
  ctx.globalAlpha = 1;
}

export function line(ctx, x0, y0, x1, y1, color, width = 1) {
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.strokeStyle = color;
  ctx.lineWidth = width;
  ctx.stroke();
}

export function dot(ctx, x, y, radius, color) {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fillStyle = color;
  ctx.fill();
}

/** A step of 1, 2 or 5 times a power of ten that gives two or three ticks up to `top`. */
export function niceStep(top) {
  const power = 10 ** Math.floor(Math.log10(top / 2));
  return [5, 2, 1].find((factor) => factor * power * 2 <= top) * power;
}
