// Which sections answer a query, best first. A book is small: every section is looked at each time.

/** Lower case, no accents, ₀ as 0; as many characters as before, so that places stay where they are. */
export const fold = (text) =>
  text.replace(/[^\x00-\x7f]/g, (letter) => letter.normalize('NFKD')[0]).toLowerCase();

const pattern = (word) =>
  new RegExp(`(?<![\\p{L}\\p{N}])${word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`, 'gu');

export const words = (query) => [...new Set(fold(query).split(/[\s,;"()]+/).filter(Boolean))];

/** The index as it is searched: one entry per section. */
export const prepare = (pages) => pages.flatMap((page, order) => page.sections.map(([id, title, text]) => ({
  page, order, id, title, text, folded: fold(text), name: fold(title || page.title), book: fold(page.title) })));

const count = (text, word) => text.match(pattern(word))?.length ?? 0;

/** A word in a title weighs most, a rare word more than a frequent one, a second mention less than the first. */
export function rank(entries, query, most = 30) {
  const asked = words(query);
  if (!asked.length) return [];
  const phrase = fold(query.trim());
  const hits = entries.map((entry) => ({ entry, counts: asked.map((word) =>
    [count(entry.name, word), count(entry.folded, word), count(entry.book, word)]) }));
  const found = (counts) => counts.filter(([name, text]) => name || text).length;
  const rarity = asked.map((_, i) =>
    Math.log(1 + entries.length / (1 + hits.filter(({ counts }) => counts[i][0] || counts[i][1]).length)));
  const needed = Math.max(...hits.map(({ counts }) => found(counts)), 0);
  if (!needed) return [];
  // where no section has every word, those that have the most of them
  return hits.filter(({ counts }) => found(counts) === needed).map(({ entry, counts }) => {
    let score = counts.reduce((sum, [name, text, book], i) =>
      sum + rarity[i] * (Math.log1p(text) + (name ? 4 : 0) + (book ? 1 : 0)), 0);
    if (entry.name === phrase) score += 12;
    else if (asked.length > 1 && `${entry.name} ${entry.folded}`.includes(phrase)) score += 4;
    return { entry, score };
  }).sort((a, b) => b.score - a.score || a.entry.order - b.entry.order).slice(0, most).map(({ entry }) => entry);
}

/** Text with the asked words marked: `[[text, isHit], ...]`. */
export function marked(text, query) {
  const asked = words(query);
  const folded = fold(text);
  const places = asked.flatMap((word) => [...folded.matchAll(pattern(word))].map((match) =>
    [match.index, match.index + match[0].length])).sort(([a], [b]) => a - b);
  const parts = [];
  let at = 0;
  for (const [start, end] of places) {
    if (start < at) continue;
    parts.push([text.slice(at, start), false], [text.slice(start, end), true]);
    at = end;
  }
  return [...parts, [text.slice(at), false]].filter(([piece]) => piece);
}

/** The piece of the text, cut between words, in which most of the asked words stand. */
export function excerpt(text, query, length = 170) {
  const folded = fold(text);
  const places = words(query).flatMap((word, i) => [...folded.matchAll(pattern(word))].map((m) => [m.index, i]));
  const near = ([start]) => new Set(places.filter(([at]) => at >= start && at < start + length - 60).map(([, i]) => i)).size;
  const best = places.reduce((kept, place) => (!kept || near(place) > near(kept) ? place : kept), null);
  let start = Math.max(0, (best?.[0] ?? 0) - 50);
  if (start > 0) start = text.indexOf(' ', start) + 1;
  let end = Math.min(text.length, start + length);
  if (end < text.length) end = Math.max(text.lastIndexOf(' ', end), start + 1);
  const piece = `${start ? '… ' : ''}${text.slice(start, end)}${end < text.length ? ' …' : ''}`;
  return marked(piece, query);
}
