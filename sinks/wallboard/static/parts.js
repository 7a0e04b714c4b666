// The parts of the page: figures, headline, teams with their reps, and the bar on top.

import { html } from './vendor/htm-preact-3.1.1.js';
import { COLUMNS, HEADLINE, LEAST_SAMPLE, WINDOWS } from './columns.js';
import { count, DASH, money, show, time } from './format.js';

// Minor units are for desks: a wall is read from afar, a phone is narrow.
const WHOLE_MONEY = matchMedia('(min-width: 1600px), (max-width: 560px)');

const LONG = 9; // characters; a longer headline is set smaller

/** A number with numerator and denominator beside it, and all of them exact for machines. */
function Figure({ owner, kpi, unit, figure, currency }) {
  const { value = null, num, den } = figure ?? {};
  const text = value === null ? DASH : unit === 'minor' ? money(value, currency, WHOLE_MONEY.matches) : show(value, unit);
  const few = unit === 'ratio' && den > 0 && den < LEAST_SAMPLE;
  const look = `figure${few ? ' few' : ''}${text.length > LONG ? ' long' : ''}`;
  const exact = { ...owner, 'data-kpi': kpi, 'data-value': String(value), 'data-currency': currency };
  if (den !== undefined) Object.assign(exact, { 'data-num': String(num), 'data-den': String(den) });
  return html`<span class=${look} ...${exact}>
    <b key=${text}>${signed(text)}</b>${den !== undefined && html`<small>${parts(num, den, unit)}</small>`}
  </span>`;
}

// The sign is smaller than the number it belongs to.
const signed = (text) => (text.endsWith('%') ? [text.slice(0, -2), html`<i>${'\u00a0%'}</i>`] : text);

// Of a mean only the number of answers or calls says something to a reader.
const parts = (num, den, unit) => (unit === 'ratio' ? `${count(num)} / ${count(den)}` : `n ${count(den)}`);

/** A KPI of a line: one figure, or one for each currency. */
function Cell({ owner, line, column }) {
  const { kpi, unit } = column;
  if (unit !== 'minor') return html`<${Figure} owner=${owner} kpi=${kpi} unit=${unit} figure=${line.kpis[kpi]} />`;
  const currencies = Object.keys(line.money);
  if (!currencies.length) return html`<span class="figure"><b>${DASH}</b></span>`;
  return currencies.map((code) => html`
    <${Figure} key=${code} owner=${owner} kpi=${kpi} unit=${unit} currency=${code} figure=${line.money[code][kpi]} />`);
}

/** The large numbers of a floor or a team. */
export function Headline({ line, owner, note }) {
  return html`<section class="headline" aria-label="Headline">
    ${HEADLINE.map((column) => html`<div key=${column.kpi} class="tile">
      <h2>${column.label}${note && html` <em>${note}</em>`}</h2>
      <${Cell} owner=${owner} line=${line} column=${column} />
    </div>`)}
  </section>`;
}

/** A team: what it adds up to, and its reps in the board's order. */
export function Team({ id, name, sum, rows, total, link, sort, alone, href }) {
  const owner = { 'data-team': id };
  return html`<section class="team" aria-label=${`Team ${name}`}>
    <header>
      <h2>${alone ? name : html`<a href=${href({ team: id })} onClick=${link}>${name}</a>`}
        <small>${count(total)} ${total === 1 ? 'rep' : 'reps'}</small></h2>
      ${sum && !alone && html`<dl>${HEADLINE.slice(0, 4).map((column) => html`<div key=${column.kpi}>
        <dt>${column.label}</dt><dd><${Cell} owner=${owner} line=${sum} column=${column} /></dd>
      </div>`)}</dl>`}
    </header>
    <${Reps} rows=${rows} sort=${sort} href=${href} link=${link} />
    ${rows.length < total && html`<p class="more">${rows.length} of ${count(total)} reps shown${
      alone ? '' : html`: <a href=${href({ team: id })} onClick=${link}>more of ${name}</a>`}</p>`}
  </section>`;
}

function Reps({ rows, sort, href, link }) {
  return html`<table>
    <thead><tr><th class="rank" scope="col"><span class="unseen">Rank</span></th><th scope="col" class="who">Rep</th>
      ${COLUMNS.map(({ kpi, label, wide }) => html`<th key=${kpi} scope="col" class=${`w${wide}`}
        aria-sort=${kpi === sort ? 'descending' : undefined}>
        <a href=${href({ sort: kpi })} onClick=${link} title=${`Rank by ${label.toLowerCase()}`}>${label}${kpi === sort ? ' ▾' : ''}</a></th>`)}
    </tr></thead>
    <tbody>${rows.map((row, at) => html`<${Rep} key=${row.rep_id} row=${row} rank=${ranked(row, sort) ? at + 1 : null} sort=${sort} />`)}</tbody>
  </table>`;
}

function Rep({ row, rank, sort }) {
  const owner = { 'data-rep': row.rep_id };
  return html`<tr class=${row.stale ? 'old' : ''}>
    <td class="rank">${rank}</td>
    <th scope="row" class="who" title=${row.rep_id}>${row.name ?? row.rep_id}${row.stale && html` <small>as of ${row.date}</small>`}</th>
    ${COLUMNS.map((column) => html`<td key=${column.kpi} class=${`w${column.wide} ${column.unit}${column.kpi === sort ? ' chosen' : ''}`}>
      <${Cell} owner=${owner} line=${row} column=${column} /></td>`)}
  </tr>`;
}

function ranked(row, sort) {
  const figure = row.kpis[sort];
  if (!figure) return true;
  return figure.value !== null && !(figure.den !== undefined && figure.den < LEAST_SAMPLE);
}

/** The bar on top: window, team, and how fresh everything is. */
export function Bar({ view, teams, fresh, sources, notices, now, href, link, go }) {
  return html`<header class="bar">
    <a class="mark" href=${href({ team: null })} onClick=${link}><img src="/static/favicon.svg" alt="" width="28" height="28" />floorcast</a>
    <nav aria-label="Window" class="choice">${WINDOWS.map(({ label, windows }) => html`<span key=${label} role="group" aria-label=${label}>
      ${windows.map(([name, text, brief]) => html`<a key=${name} href=${href({ window: name })} onClick=${link}
        title=${text} aria-current=${name === view.window ? 'true' : undefined}>${brief ?? text}</a>`)}</span>`)}
    </nav>
    <label class="choose">Window <select value=${view.window} onChange=${(event) => go({ window: event.target.value })}>
      ${WINDOWS.map(({ label, windows }) => html`<optgroup key=${label} label=${label}>
        ${windows.map(([name, text]) => html`<option key=${name} value=${name}>${text}</option>`)}</optgroup>`)}
    </select></label>
    <label class="team-choice"><span>Team</span> <select value=${view.team ?? ''} onChange=${(event) => go({ team: event.target.value || null })}>
      <option value="">All teams</option>
      ${teams.map(([id, name]) => html`<option key=${id} value=${id}>${name}</option>`)}
    </select></label>
    <${Freshness} fresh=${fresh} sources=${sources} notices=${notices} now=${now} />
  </header>`;
}

function Freshness({ fresh, sources, notices, now }) {
  return html`<details class="fresh">
    <summary data-state=${fresh.state}><span aria-hidden="true">${fresh.shape}</span> ${fresh.text}</summary>
    <div class="sheet">
      <h2>Newest event of each source</h2>
      ${sources.length ? html`<table><tbody>${sources.map((one) => html`<tr key=${one.topic + one.source}>
        <th scope="row">${one.source}</th><td>${one.topic}</td><td>${time(one.newest_ms, now)}</td></tr>`)}</tbody></table>`
        : html`<p>No event yet.</p>`}
      ${notices.length > 0 && html`<ul>${notices.map((one) => html`<li key=${one.text}>${one.text}</li>`)}</ul>`}
    </div>
  </details>
  <span class="unseen" role="status">${fresh.state === 'live' ? 'live' : fresh.text}</span>`;
}
