// Numbers as people read them. A number that is not there is a dash, never a zero.

import { state, zone } from './state.js';

export const DASH = '–';
const DAY_MS = 86_400_000;
const MANY = 100_000;
const WAN = 10_000;

const made = new Map();

/** A formatter of the chosen language and zone, made once. */
function maker(kind, options) {
  const locale = state.view?.lang === 'zh' ? 'zh-CN' : kind === 'DateTimeFormat' ? 'en-GB' : 'en';
  const key = `${kind} ${locale} ${JSON.stringify(options)}`;
  if (!made.has(key)) made.set(key, new Intl[kind](locale, options));
  return made.get(key);
}

const number = (options) => maker('NumberFormat', options);
const percent = (value) => number({ minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(100 * value);
const currency = (code, options) => number({ style: 'currency', currency: code, currencyDisplay: 'narrowSymbol', ...options });

/** Minor units as money; without them when `whole`, and where they would be noise. */
export function money(amount, code, whole) {
  const exact = currency(code);
  const minor = 10 ** exact.resolvedOptions().maximumFractionDigits;
  const value = amount / minor;
  if (state.view.lang === 'zh' && state.config.boards.page.wan && Math.abs(value) >= WAN) {
    return currency(code, { notation: 'compact', maximumFractionDigits: 1 }).format(value);
  }
  return (whole || Math.abs(value) >= MANY ? currency(code, { maximumFractionDigits: 0 }) : exact).format(value);
}

/** A count or a number of deals, which may be parts of one. */
export const count = (value, digits = 2) => (value === null || value === undefined
  ? DASH : number({ maximumFractionDigits: digits }).format(value));

/** A value in the unit of its KPI. */
export function show(value, unit) {
  if (value === null || value === undefined) return DASH;
  switch (unit) {
    case 'ratio': return `${percent(value)}\u00a0%`;
    case 'ms': return duration(value);
    case 'rating': return number({ minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value);
    case 'points': return count(value, 0);
    default: return count(value);
  }
}

/** Minutes and seconds of milliseconds. */
export function duration(ms) {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

const CLOCK = { hour: '2-digit', minute: '2-digit' };

/** A moment as a clock of the site shows it; with the day when it is not today. */
export function time(ms, now = Date.now()) {
  const timeZone = zone();
  const clock = maker('DateTimeFormat', { ...CLOCK, timeZone });
  if (now - ms < DAY_MS / 2 || day(ms) === day(now)) return clock.format(ms);
  return maker('DateTimeFormat', { day: 'numeric', month: 'short', ...CLOCK, timeZone }).format(ms);
}

const day = (ms) => maker('DateTimeFormat', { dateStyle: 'short', timeZone: zone() }).format(ms);

/** A moment with its seconds. */
export const second = (ms) => maker('DateTimeFormat', { ...CLOCK, second: '2-digit', timeZone: zone() }).format(ms);

/** A local date (YYYY-MM-DD), short. */
export const date = (text) => maker('DateTimeFormat', { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(Date.parse(text));

/** An age: 0.4 s, 12 s, 5 min, 3 h. */
export function age(ms) {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}
