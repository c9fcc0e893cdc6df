/**
 * A duration for display, from milliseconds: `0.4s`, `12s`, `3m 12s`, `2h 5m`, `3d 4h`. At most two units; `?` if negative
 * or unknown.
 */
export function durationText(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) {
    return '?';
  }
  if (ms < 9_950) {
    return `${(ms / 1000).toFixed(1).replace('.0', '')}s`;
  }
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) {
    return `${seconds}s`;
  }
  if (seconds < 3600) {
    return `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 24 * 60) {
    return `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
  }
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}
