// Tables of reps: of a team, or of everybody in one list.

import { html } from './vendor/htm-preact-3.1.1.js';
import { Badge } from './alerts.js';
import { count, date, time } from './format.js';
import { oldSince } from './freshness.js';
import { Cell, few } from './figure.js';
import { href } from './route.js';
import { frame, Line } from './spark.js';
import { kpiOf, nameOf, state } from './state.js';
import { kpiName, kpiShort, t } from './words.js';

// Where there is little room the columns behind these many are left out: see style.css.
const WIDE = [0, 0, 0, 2, 3, 4, 4, 4];

/** Follows a link inside the page, unless a new tab or window is meant. */
export function link(event) {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  state.go(event.currentTarget.getAttribute('href'));
}

/** Whether a row has a place: it has a value, and a rate has the sample it needs. */
export function ranked(row, sort) {
  const figure = row.kpis[sort];
  // Money is ranked in one currency: amounts in others cannot be compared with it.
  if (!figure) return kpiOf(sort)?.unit === 'minor' ? state.board.currency in row.money : true;
  return figure.value !== null && !few(sort, figure);
}

/** One drawing frame for each team: teams of other zones work at other hours. */
function frames(rows) {
  const lines = new Map();
  for (const { team_id: team, line } of rows) lines.set(team, [...(lines.get(team) ?? []), line]);
  return new Map([...lines].map(([team, own]) => [team, frame(own)]));
}

/** Reps in the board's order, with rank, KPIs and their day. `teams`: say whose they are.
 *  `from` is how many ranked rows stand on earlier pages, `all` are those of every page. */
export function Reps({ rows, all = rows, columns, sort, teams = false, from = 0, now }) {
  const boxes = frames(all);
  const wide = (at) => `w${WIDE[at] ?? 4}`;
  let rank = from;
  return html`<table>
    <thead><tr><th class="rank" scope="col"><span class="unseen">${t('rank')}</span></th><th scope="col" class="who">${t('rep')}</th>
      ${teams && html`<th scope="col" class="of-team w1">${t('team')}</th>`}
      ${columns.map((kpi, at) => html`<th key=${kpi} scope="col" class=${wide(at)} aria-sort=${kpi === sort ? (kpiOf(kpi).better === false ? 'ascending' : 'descending') : undefined}>
        <${Head} kpi=${kpi} sort=${sort} now=${now} /></th>`)}
      <th scope="col" class="sparks w1">${t('day')}</th>
    </tr></thead>
    <tbody>${rows.map((row) => {
      if (ranked(row, sort)) rank += 1;
      return html`<${Rep} key=${row.rep_id} row=${row} rank=${ranked(row, sort) ? rank : ''} columns=${columns} sort=${sort} teams=${teams} box=${boxes.get(row.team_id)} wide=${wide} />`;
    })}</tbody>
  </table>`;
}

function Head({ kpi, sort, now }) {
  const since = oldSince(kpi);
  const old = since !== null && html`<em class="late" title=${t('stale_since', { time: time(since, now) })}>▲<span class="unseen">${t('stale_since', { time: time(since, now) })}</span></em>`;
  if (state.view.board === 'tv') return html`${kpiShort(kpi)}${old}`;
  return html`<a href=${href({ sort: kpi })} onClick=${link} title=${kpiName(kpi)}>${kpiShort(kpi)}${kpi === sort && html`<span aria-hidden="true"> ${kpiOf(kpi).better === false ? '▴' : '▾'}</span>`}</a>${old}`;
}

function Rep({ row, rank, columns, sort, teams, box, wide }) {
  const owner = { 'data-rep': row.rep_id };
  const name = row.name ?? row.rep_id;
  const still = row.stale && html` <small>${t('as_of', { date: date(row.date) })}</small>`;
  const cheered = state.toasts.some((one) => one.rep === row.rep_id);
  return html`<tr class=${[row.stale && 'old', cheered && 'cheered'].filter(Boolean).join(' ')}>
    <td class="rank">${rank}</td>
    <th scope="row" class="who" title=${row.rep_id}><${Badge} rep=${row.rep_id} name=${name} />${state.view.board === 'tv' ? name
      : html`<a data-row=${row.rep_id} href=${href({ board: 'rep', rep: row.rep_id })} onClick=${link}>${name}</a>`}${still}</th>
    ${teams && html`<td class="of-team w1">${nameOf(state.board, row.team_id)}</td>`}
    ${columns.map((kpi, at) => html`<td key=${kpi} class=${`${wide(at)} ${kpiOf(kpi).unit}${kpi === sort ? ' chosen' : ''}`}>
      <${Cell} owner=${owner} line=${row} kpi=${kpi} /></td>`)}
    <td class="sparks w1"><${Line} line=${row.line} within=${box} /></td>
  </tr>`;
}

/** "12 reps", in the words of the language. */
export const people = (n) => t(n === 1 ? 'reps.one' : 'reps.many', { n: count(n) });
