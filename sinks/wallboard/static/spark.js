// Small drawings, as SVG: the day by half hours, and a trend over days.

import { html } from './vendor/htm-preact-3.1.1.js';
import { count, show, time } from './format.js';
import { t } from './words.js';

const SLOT_MS = 1_800_000;
const STEP = 10;
const HEIGHT = 40;
const BAR = 7.6;
const WHOLE = 10_000;
const LEAST_SLOTS = 18; // nine hours: what is still to come of a shift stays empty

/** {first, end, most} that several lines of a day are drawn in, so that they can be compared: from
 *  the first half hour with a contact to the last; deals that are closed at night lie outside. */
export function frame(lines) {
  const found = lines.filter(Boolean);
  if (!found.length) return null;
  const worked = found.filter((one) => one.contacts.some(Boolean));
  const spans = (worked.length ? worked : found).map((one) => [
    one.first + Math.max(0, one.contacts.findIndex(Boolean)), one.first + one.contacts.findLastIndex(Boolean) + 1]);
  const first = Math.min(...spans.map(([from]) => from));
  const end = Math.max(...spans.map(([, to]) => to));
  return { first, end: Math.max(end, first + LEAST_SLOTS), most: Math.max(1, ...found.flatMap((one) => one.contacts)) };
}

/** The day: a bar of contacts for each half hour, its foot as high as the deals in it. */
export function Line({ line, within, hours = false }) {
  const box = within ?? frame([line]);
  if (!line || !box) return html`<svg class="line" aria-hidden="true"></svg>`;
  const width = (box.end - box.first) * STEP;
  const tall = (value) => (value > 0 ? Math.max(1.5, (value / box.most) * HEIGHT) : 0);
  const bar = (slot, height, name) => height > 0 && slot >= box.first && slot < box.end && html`<rect class=${name} x=${(slot - box.first) * STEP + 1}
    y=${HEIGHT - Math.min(height, HEIGHT)} width=${BAR} height=${Math.min(height, HEIGHT)} />`;
  return html`<svg class="line" viewBox="0 0 ${width} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label=${said(line)}>
    ${line.contacts.map((value, at) => bar(line.first + at, tall(value), 'contacts'))}
    ${line.deals_bp.map((value, at) => bar(line.first + at, tall(value / WHOLE), 'deals'))}
  </svg>${hours && html`<${Hours} box=${box} />`}`;
}

function Hours({ box }) {
  const slots = [];
  // Whole hours, at most six of them.
  const every = 2 * Math.ceil((box.end - box.first) / 12);
  for (let slot = box.first; slot < box.end; slot += 1) if (slot % every === 0) slots.push(slot);
  const place = (slot) => ({ left: `${((slot - box.first) / (box.end - box.first)) * 100}%` });
  return html`<div class="hours" aria-hidden="true">${slots.map((slot) => html`<span key=${slot} style=${place(slot)}>${time(slot * SLOT_MS, slot * SLOT_MS)}</span>`)}</div>`;
}

function said(line) {
  const peak = line.contacts.indexOf(Math.max(...line.contacts));
  const at = (slot) => time((line.first + slot) * SLOT_MS, (line.first + slot) * SLOT_MS);
  return t('day.said', {
    contacts: count(sum(line.contacts)), deals: count(sum(line.deals_bp) / WHOLE),
    from: at(0), to: at(line.contacts.length), peak: at(peak),
  });
}

const sum = (values) => values.reduce((a, b) => a + b, 0);

/** Days one after the other: a rate as dots on a line, what is usual as a line across. */
export function Trend({ days, usual }) {
  const known = days.map((day, at) => ({ ...day, at })).filter((day) => day.conversion.value !== null);
  if (!known.length) return null;
  const most = Math.max(usual ?? 0, ...known.map((day) => day.conversion.value)) * 1.1 || 1;
  const width = Math.max(days.length, 2) * STEP;
  const x = (at) => (at + 0.5) * (width / days.length);
  const y = (value) => 60 - (Math.max(0, value) / most) * 60;
  const name = (day) => t('trend.said', { date: day.label, rate: show(day.conversion.value, 'ratio'), num: count(day.conversion.num), den: count(day.conversion.den) });
  return html`<div class="trend"><svg viewBox="0 0 ${width} 60" preserveAspectRatio="none" role="img" aria-label=${known.map(name).join('; ')}>
    ${usual !== null && usual !== undefined && html`<line class="usual" x1="0" x2=${width} y1=${y(usual)} y2=${y(usual)} />`}
    <polyline points=${known.map((day) => `${x(day.at)},${y(day.conversion.value)}`).join(' ')} />
  </svg>
  ${known.map((day) => html`<i key=${day.at} class=${day.today ? 'dot today' : 'dot'} title=${name(day)}
    style=${{ left: `${(x(day.at) / width) * 100}%`, top: `${(y(day.conversion.value) / 60) * 100}%` }}></i>`)}</div>`;
}
