// Numbers as people read them. A number that is not there is a dash, never a zero.

export const DASH = '–';

const counts = new Intl.NumberFormat('en');
const deals = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });
const percent = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const dated = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
const DAY_MS = 86_400_000;

const currencies = new Map();

function currency(code) {
  let known = currencies.get(code);
  if (!known) {
    const exact = new Intl.NumberFormat('en', { style: 'currency', currency: code, currencyDisplay: 'narrowSymbol' });
    const whole = new Intl.NumberFormat('en', { style: 'currency', currency: code, currencyDisplay: 'narrowSymbol', maximumFractionDigits: 0 });
    known = { exact, whole, minor: 10 ** exact.resolvedOptions().maximumFractionDigits };
    currencies.set(code, known);
  }
  return known;
}

const MANY = 100_000;

/** Minor units as money; without them when `whole`, and where they would be noise. */
export function money(amount, code, whole) {
  const { exact, whole: rounded, minor } = currency(code);
  return (whole || Math.abs(amount) >= MANY * minor ? rounded : exact).format(amount / minor);
}

/** A count or a number of deals, which may be parts of one. */
export const count = (value) => (value === null || value === undefined ? DASH : deals.format(value));

/** A value in the unit of its KPI. */
export function show(value, unit) {
  if (value === null || value === undefined) return DASH;
  switch (unit) {
    case 'ratio': return `${percent.format(100 * value)}\u00a0%`;
    case 'ms': return duration(value);
    case 'rating': return value.toFixed(2);
    case 'points': return counts.format(Math.round(value));
    default: return deals.format(value);
  }
}

function duration(ms) {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** A moment as a clock shows it; with the day when it is not today. */
export function time(ms, now) {
  return now - ms > DAY_MS / 2 && new Date(ms).toDateString() !== new Date(now).toDateString()
    ? dated.format(ms) : clock.format(ms);
}

/** An age: 0.4 s, 12 s, 5 min, 3 h. */
export function age(ms) {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}
