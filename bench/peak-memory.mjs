// Loaded with --import: writes the peak memory of its process (bytes) and the processor time of all its
// threads (milliseconds) where it ends.
import { writeFileSync } from 'node:fs';

const path = process.env.BENCH_PEAK_FILE;
delete process.env.BENCH_PEAK_FILE;
process.once('exit', () => {
  if (path === undefined) return;
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const usage = { peakRssBytes: maxRSS * 1024, cpuMs: (userCPUTime + systemCPUTime) / 1000 };
  writeFileSync(path, JSON.stringify(usage));
});
