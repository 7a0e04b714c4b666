// The leaderboard: everybody in one list by one KPI; a rate takes a sample to be ranked.

import { html } from './vendor/htm-preact-3.1.1.js';
import { count } from './format.js';
import { link, Reps } from './reps.js';
import { href } from './route.js';
import { kpiOf, state } from './state.js';
import { kpiName, t } from './words.js';

export function Leaders({ board, now }) {
  const { columns } = state.config.boards.leaderboard;
  const { sort } = board;
  // What is ranked by stands first.
  const shown = [sort, ...columns.filter((kpi) => kpi !== sort)].filter((kpi) => kpiOf(kpi));
  const rows = [...board.rows.values()];
  const total = Object.values(board.listed).reduce((a, b) => a + b, 0);
  if (!rows.length) return html`<p class="empty">${t('empty')}</p>`;
  return html`<nav class="by" aria-label=${t('board.leaderboard')}>
      ${columns.map((kpi) => html`<a key=${kpi} href=${href({ sort: kpi })} onClick=${link} aria-current=${kpi === sort ? 'true' : undefined}>${kpiName(kpi)}</a>`)}
    </nav>
    ${kpiOf(sort)?.unit === 'ratio' && html`<p class="note">${t('ranked_from', { n: state.config.boards.least[sort] })}</p>`}
    ${board.currency && rows.some((row) => Object.keys(row.money).some((code) => code !== board.currency))
      && html`<p class="note">${t('ranked_in', { currency: board.currency })}</p>`}
    <section class="team leaders" aria-label=${t('board.leaderboard')}>
      <${Reps} rows=${rows} columns=${shown} sort=${sort} teams now=${now} />
      ${rows.length < total && html`<p class="more">${t('reps.shown', { n: rows.length, total: count(total) })}</p>`}
    </section>`;
}
