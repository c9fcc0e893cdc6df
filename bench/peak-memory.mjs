// Loaded with --import: writes the peak memory of its process, in bytes, where it ends.
import { writeFileSync } from 'node:fs';

const path = process.env.BENCH_PEAK_FILE;
delete process.env.BENCH_PEAK_FILE;
process.once('exit', () => {
  if (path !== undefined) writeFileSync(path, String(process.resourceUsage().maxRSS * 1024));
});
