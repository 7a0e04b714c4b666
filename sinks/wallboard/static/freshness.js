// What stands in the one place that says how fresh the numbers are.

import { age, count, time } from './format.js';

const SHAPES = { live: '●', catching_up: '◐', stale: '▲', waiting: '○' };

/** {state, shape, text, since}: the server's last pulse as of now, or the loss of the server. */
export function judge(pulse, heardAt, lostAt, now) {
  if (lostAt !== null) {
    const since = lostAt;
    return { state: 'stale', shape: SHAPES.stale, since, text: `stale since ${time(since, now)} (no connection)` };
  }
  if (!pulse) return { state: 'waiting', shape: SHAPES.waiting, since: null, text: 'connecting' };
  const { state } = pulse;
  return { state, shape: SHAPES[state], since: pulse.since_ms, text: words(pulse, heardAt, now) };
}

function words(pulse, heardAt, now) {
  switch (pulse.state) {
    case 'live': return `live, ${age(pulse.age_ms + Math.max(0, now - heardAt))}`;
    case 'catching_up': return `${pulse.why}, ${count(pulse.lag)} behind`;
    case 'stale': return pulse.since_ms ? `stale since ${time(pulse.since_ms, now)} (${pulse.why})` : `stale (${pulse.why})`;
    default: return `waiting: ${pulse.why}`;
  }
}
