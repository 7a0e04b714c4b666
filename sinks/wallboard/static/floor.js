// The floor: teams side by side; and one team with its tiles.

import { html } from './vendor/htm-preact-3.1.1.js';
import { Badge } from './alerts.js';
import { count } from './format.js';
import { Cell } from './figure.js';
import { link, people, Reps } from './reps.js';
import { href } from './route.js';
import { Line } from './spark.js';
import { nameOf, state } from './state.js';
import { Headline } from './tiles.js';
import { kpiName, t } from './words.js';

const DIGEST = 4; // KPIs over each team of a floor

/** Teams side by side, or one of them. */
export function Floor({ board, now }) {
  const one = board.team !== null;
  const section = state.config.boards[one ? 'team' : 'floor'];
  const groups = new Map();
  for (const row of board.rows.values()) {
    if (!groups.has(row.team_id)) groups.set(row.team_id, []);
    groups.get(row.team_id).push(row);
  }
  const loading = Object.keys(board.loading).length > 0;
  if (!groups.size) return html`<p class="empty">${empty(board, loading)}</p>`;
  const teams = board.choices.teams.filter(([id]) => id in board.listed);
  const shown = teams.filter(([id]) => groups.has(id));
  const sum = one ? board.teams.get(board.team) : board.floor;
  const owner = one ? { 'data-team': board.team } : { 'data-floor': '' };
  return html`
    ${sum || loading ? html`<${Headline} line=${sum} kpis=${section.headline} owner=${owner} now=${now} loading=${loading} />`
      : board.window.startsWith('last') && html`<p class="note">${t('no_sum')}</p>`}
    ${state.view.product && html`<p class="note">${t('money_only', { product: state.view.product })}</p>`}
    <div class="teams" data-count=${Math.min(shown.length, 4)}>
      ${shown.map(([id, name]) => html`<${Team} key=${id} id=${id} name=${name} sum=${board.teams.get(id)} rows=${groups.get(id)}
        total=${board.listed[id] ?? groups.get(id).length} loading=${board.loading[id]} sort=${board.sort} columns=${section.columns} alone=${one} now=${now} />`)}
    </div>
    ${shown.length < teams.length && html`<p class="note">${t('teams.shown', { n: shown.length, total: count(teams.length) })}</p>`}`;
}

function empty(board, loading) {
  if (loading) return t('loading');
  return board.team === null ? t('empty') : t('empty.team', { team: nameOf(board, board.team) });
}

/** A team: what it adds up to, and its reps in the board's order. */
function Team({ id, name, sum, rows, total, loading, sort, columns, alone, now }) {
  const owner = { 'data-team': id };
  const kpis = state.config.boards.floor.headline.slice(0, DIGEST);
  return html`<section class="team" aria-label=${`${t('team')} ${name}`}>
    <header>
      <h2>${alone ? name : html`<a data-row="" href=${href({ team: id })} onClick=${link}>${name}</a>`}
        <${Badge} team=${id} name=${name} />
        <small>${people(total)}${loading ? `, ${t('reps.loading', { n: count(loading) })}` : ''}</small>
        ${sum && !alone && html`<${Line} line=${sum.line} />`}</h2>
      ${sum && !alone && html`<dl>${kpis.map((kpi) => html`<div key=${kpi}>
        <dt>${kpiName(kpi)}</dt><dd><${Cell} owner=${owner} line=${sum} kpi=${kpi} /></dd>
      </div>`)}</dl>`}
    </header>
    <${Reps} rows=${rows} columns=${columns} sort=${sort} now=${now} />
    ${rows.length < total && html`<p class="more">${t('reps.shown', { n: rows.length, total: count(total) })}${
      alone ? '' : html`: <a href=${href({ team: id })} onClick=${link}>${t('reps.more', { team: name })}</a>`}</p>`}
  </section>`;
}
