// How old what is shown is: the one place that says it, and each tile for itself.

import { age, count, time } from './format.js';
import { kpiOf, state } from './state.js';
import { maybe, t } from './words.js';

const SHAPES = { live: '●', catching_up: '◐', stale: '▲', waiting: '○' };

/** {state, shape, text, since}: the server's last pulse as of now, or the loss of the server. */
export function judge(now) {
  const { pulse, lostAt, heardAt } = state;
  if (lostAt !== null) {
    const text = t('stale_since_why', { time: time(lostAt, now), why: t('why.lost') });
    return { state: 'stale', shape: SHAPES.stale, since: lostAt, text };
  }
  if (!pulse) return { state: 'waiting', shape: SHAPES.waiting, since: null, text: t('connecting') };
  return { state: pulse.state, shape: SHAPES[pulse.state], since: pulse.since_ms, text: words(pulse, heardAt, now) };
}

function words(pulse, heardAt, now) {
  const why = because(pulse);
  switch (pulse.state) {
    case 'live': return t('live', { age: age(pulse.age_ms + Math.max(0, now - heardAt)) });
    case 'catching_up': return t('behind', { why, n: count(pulse.lag) });
    case 'stale': return pulse.since_ms ? t('stale_since_why', { time: time(pulse.since_ms, now), why }) : t('stale_why', { why });
    default: return t('waiting', { why });
  }
}

function because({ reason, about, why }) {
  return maybe(`why.${reason}`) === null ? why : t(`why.${reason}`, { ...about, all: about.join(', ') });
}

/** Since when a KPI's number is old, because a source that feeds it is late; null when it is not. */
export function oldSince(kpi) {
  if (state.lostAt !== null) return state.lostAt;
  const { pulse } = state;
  if (!pulse) return null;
  const late = pulse.sources.filter((one) => one.stale && kpiOf(kpi).feeds.includes(one.topic));
  if (late.length) return Math.min(...late.map((one) => one.newest_ms));
  return pulse.state === 'stale' && pulse.reason !== 'silent' ? pulse.since_ms ?? null : null;
}

/** A notice of the banner in the chosen language. */
export function notice(one, now) {
  const values = { ...one, time: one.since_ms ? time(one.since_ms, now) : '', count: count(one.count) };
  return maybe(`notice.${one.kind}`) === null ? one.text : t(`notice.${one.kind}`, values);
}
