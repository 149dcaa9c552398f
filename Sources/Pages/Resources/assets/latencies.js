// What is slow now: requests of the last minute, from two readings of /metrics.

const series = /^skmuseum_http_request_duration_seconds_bucket\{(.*)\} (\S+)$/;
const label = (labels, name) => labels.match(new RegExp(`(?:^|,)${name}="([^"]*)"`))?.[1];

/** The histograms of a reading: request → {bound → count}. */
export function histograms(metrics) {
  const found = new Map();
  for (const line of metrics.split('\n')) {
    const match = series.exec(line);
    if (!match) continue;
    const route = label(match[1], 'route');
    if (!route || ['/livez', '/readyz', '/metrics'].includes(route)) continue;
    const request = `${label(match[1], 'method')} ${route}`;
    const bounds = found.get(request) ?? new Map();
    const bound = label(match[1], 'le') === '+Inf' ? Infinity : Number(label(match[1], 'le'));
    bounds.set(bound, (bounds.get(bound) ?? 0) + Number(match[2]));
    found.set(request, bounds);
  }
  return found;
}

/** The value of a gauge, summed over its series. */
export function gauge(metrics, name) {
  let sum = 0;
  for (const line of metrics.split('\n')) {
    if (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) sum += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return sum;
}

function quantile(bounds, total, share) {
  for (const [bound, below] of bounds) if (below >= total * share) return bound;
  return Infinity;
}

/** Requests between two readings, the slowest first: `{request, total, half, p99}` with bounds in seconds. */
export function between(before, now) {
  const found = [];
  for (const [request, bounds] of now) {
    const earlier = before.get(request) ?? new Map();
    const differences = [...bounds].sort(([one], [other]) => one - other).map(([bound, below]) => [bound, below - (earlier.get(bound) ?? 0)]);
    const total = differences.at(-1)?.[1] ?? 0;
    if (total <= 0) continue;
    found.push({ request, total, half: quantile(differences, total, 0.5), p99: quantile(differences, total, 0.99),
      largest: differences.at(-2)?.[0] ?? 0 });
  }
  return found.sort((one, other) => other.p99 - one.p99 || other.total - one.total);
}
