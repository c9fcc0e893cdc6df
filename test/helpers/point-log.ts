import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { type CrashPoint, type PointEnd, pointName } from './crash-points.ts';

/** Points that were tried, and how they ended; in a file, so that a campaign of hours can be gone on with. */
export type PointLog = {
  readonly ends: readonly PointEnd[];
  has(point: CrashPoint): boolean;
  add(point: CrashPoint, end: PointEnd): void;
};

/** What `file` holds of campaigns before; nothing, and nowhere to write to, without one. What went wrong is tried again. */
export function openPointLog(file: string | undefined): PointLog {
  const ends = new Map<string, PointEnd>();
  const before = file !== undefined && existsSync(file) ? readFileSync(file, 'utf8') : '';
  for (const line of before.split('\n').filter((text) => text !== '')) {
    const { name, ...end } = JSON.parse(line) as PointEnd & { name: string };
    if (end.problems.length === 0) ends.set(name, end);
  }
  const kept = [...ends.values()];
  return {
    ends: kept,
    has: (point) => ends.has(pointName(point)),
    add: (point, end) => {
      kept.push(end);
      const line = JSON.stringify({ name: pointName(point), ...end });
      if (file !== undefined) appendFileSync(file, `${line}\n`);
    },
  };
}
