/** Longer names are not compared: none is near, and it would take long. */
const CHARACTERS_MAX = 64;

/**
 * The candidate most likely meant by a mistyped name, or undefined if none is near: at most two edits away (one for names
 * up to five characters; swapping neighbours is one edit), or the only candidate that begins with it. Case and `_`/`-` are
 * ignored.
 */
export function closestName(name: string, candidates: readonly string[]): string | undefined {
  if (name.length > CHARACTERS_MAX) return undefined;
  const wanted = fold(name);
  const allowed = wanted.length <= 5 ? 1 : 2;
  let best: string | undefined;
  let bestDistance = allowed + 1;
  const longer: string[] = [];
  for (const candidate of candidates) {
    const known = fold(candidate);
    if (known.startsWith(wanted)) longer.push(candidate);
    // The distance is at least the difference in length.
    if (Math.abs(known.length - wanted.length) >= bestDistance) continue;
    const distance = editDistance(wanted, known);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  if (best !== undefined) return best;
  return wanted.length >= 3 && longer.length === 1 ? longer[0] : undefined;
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, '');
}

/** Optimal string alignment distance, with three rows at a time. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, at(beforeLast, j - 2) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
