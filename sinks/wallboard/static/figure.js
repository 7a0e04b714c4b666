// One number: numerator and denominator beside it, an arrow, a warning, and the way to its events.

import { html } from './vendor/htm-preact-3.1.1.js';
import { count, DASH, money, show } from './format.js';
import { oldSince } from './freshness.js';
import { kpiOf, state } from './state.js';
import { t } from './words.js';

// Minor units are for desks: a wall is read from afar, a phone is narrow.
const NARROW = matchMedia('(max-width: 560px)');
const LONG = 9; // characters; a longer headline is set smaller

const ARROWS = { up: '▲', down: '▼' };
const LEVELS = { amber: '!', red: '!!' };

/** A rate over fewer than the board file says is chance. */
export const few = (kpi, figure) => kpiOf(kpi).unit === 'ratio' && figure?.den > 0
  && figure.den < state.config.boards.least[kpi];

/** amber, red or null: a threshold that somebody set is passed. */
function level(kpi, figure) {
  const set = state.config.boards.thresholds[kpi];
  if (!set || !figure || figure.value === null || few(kpi, figure)) return null;
  const passed = (limit) => limit !== undefined && limit !== null
    && (set.higher === false ? figure.value >= limit : figure.value <= limit);
  return passed(set.red) ? 'red' : passed(set.amber) ? 'amber' : null;
}

/** A number with all that belongs to it, exact for machines in its data. */
export function Figure({ owner, kpi, figure, currency, change, line }) {
  const { unit } = kpiOf(kpi);
  const { value = null, num, den } = figure ?? {};
  const whole = NARROW.matches || state.view.board === 'tv';
  const text = value === null ? DASH : unit === 'minor' ? money(value, currency, whole) : show(value, unit);
  const chance = few(kpi, figure);
  const alert = level(kpi, figure);
  const old = oldSince(kpi) !== null;
  const look = ['figure', chance && 'few', old && 'old', alert, text.length > LONG && 'long'].filter(Boolean).join(' ');
  const exact = { ...owner, 'data-kpi': kpi, 'data-value': String(value), 'data-currency': currency };
  if (den !== undefined) Object.assign(exact, { 'data-num': String(num), 'data-den': String(den) });
  const inside = html`
    ${alert && html`<i class="alert" title=${t(`level.${alert}`)}>${LEVELS[alert]}<span class="unseen">${t(`level.${alert}`)}</span></i>`}
    <b key=${text}>${signed(text)}</b>
    ${change && !chance && html`<i class="change" title=${t(`change.${change}`)}><span aria-hidden="true">${ARROWS[change]}</span><span class="unseen">${t(`change.${change}`)}</span></i>`}
    ${den !== undefined && html`<small>${parts(num, den, unit)}</small>`}`;
  if (state.config.again_s === null || state.view.board === 'tv') return html`<span class=${look} ...${exact}>${inside}</span>`;
  return html`<button type="button" class=${look} ...${exact} title=${t('drill.open')}
    tabindex=${owner['data-rep'] ? -1 : 0} onClick=${() => open(owner, kpi, line)}>${inside}</button>`;
}

function open(owner, kpi, line) {
  state.drill = { rep: owner['data-rep'] ?? null, team: owner['data-team'] ?? null, kpi, name: line?.name ?? null, date: line?.date ?? null };
  state.redraw();
}

// The sign is smaller than the number it belongs to.
const signed = (text) => (text.endsWith('%') ? [text.slice(0, -2), html`<i>${'\u00a0%'}</i>`] : text);

// Of a mean only the number of answers or calls says something to a reader.
const parts = (num, den, unit) => (unit === 'ratio' ? `${count(num)} / ${count(den)}` : t('sample', { n: count(den) }));

/** A KPI of a line: one figure, or one for each currency. */
export function Cell({ owner, line, kpi }) {
  if (kpiOf(kpi).unit !== 'minor') {
    return html`<${Figure} owner=${owner} kpi=${kpi} figure=${line.kpis[kpi]} change=${line.changes?.[kpi]} line=${line} />`;
  }
  const currencies = Object.keys(line.money);
  if (!currencies.length) return html`<span class="figure"><b>${DASH}</b></span>`;
  return currencies.map((code) => html`<${Figure} key=${code} owner=${owner} kpi=${kpi} currency=${code} figure=${line.money[code][kpi]} line=${line} />`);
}
