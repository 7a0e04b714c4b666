// One rep: today against own last working days, the day, the trend, products and last events.

import { html } from './vendor/htm-preact-3.1.1.js';
import { Alerts, hasAlerts } from './alerts.js';
import { count, date, money, show } from './format.js';
import { Events } from './events.js';
import { link } from './reps.js';
import { href, WITHIN_A_DAY } from './route.js';
import { Trend } from './spark.js';
import { kpiOf, nameOf, state } from './state.js';
import { Headline } from './tiles.js';
import { t } from './words.js';

export function RepBoard({ board, now }) {
  const { story, rep } = board;
  const row = board.rows.get(rep);
  if (!row || !story) return html`<p class="empty">${story?.loading ? t('loading') : t('empty.rep', { rep })}</p>`;
  const days = story.days.length;
  const fits = WITHIN_A_DAY.has(board.window) && days > 0;
  return html`<header class="person">
      <h1>${row.name ?? row.rep_id}</h1>
      <p><a href=${href({ board: 'team', team: row.team_id })} onClick=${link}>${nameOf(board, row.team_id)}</a>
        <span>${row.rep_id}</span><span>${date(story.date)}, ${story.zone}</span>
        <span>${days ? t('usual.days', { n: days }) : story.loading ? t('loading') : t('usual.none')}</span></p>
    </header>
    <${Headline} line=${row} kpis=${state.config.boards.rep.headline} owner=${{ 'data-rep': rep }} now=${now}
      under=${fits ? (kpi) => usual(kpi, story) : undefined} />
    ${state.view.product && html`<p class="note">${t('money_only', { product: state.view.product })}</p>`}
    ${hasAlerts({ rep }) && html`<section class="panel own-alerts"><h2>${t('alerts')}</h2><${Alerts} about=${{ rep }} now=${now} /></section>`}
    <div class="panels">
      ${days > 0 && html`<${Days} story=${story} row=${row} window=${board.window} />`}
      <${Products} story=${story} />
      ${state.config.again_s !== null && html`<${LastEvents} rep=${rep} story=${story} row=${row} />`}
    </div>`;
}

function usual(kpi, story) {
  const figure = story.usual[kpi];
  if (kpiOf(kpi).unit === 'ratio' && figure) {
    return html`<p class="of">${t('usual', { value: show(figure.value, 'ratio') })} <small>(${count(figure.num)} / ${count(figure.den)})</small></p>`;
  }
  if (kpi === 'revenue_net') {
    return Object.entries(story.money_per_day ?? {}).map(([code, value]) => html`<p key=${code} class="of">${t('usual.per_day', { value: money(value, code, true) })}</p>`);
  }
  const mean = story.per_day?.[kpi];
  if (mean !== undefined) return html`<p class="of">${t('usual.per_day', { value: count(mean, 1) })}</p>`;
  return figure && figure.value !== null ? html`<p class="of">${t('usual', { value: show(figure.value, kpiOf(kpi).unit) })}</p>` : null;
}

function Days({ story, row, window }) {
  const days = story.days.map((day) => ({ ...day, label: date(day.date) }));
  const rate = row.kpis.conversion;
  if (window === 'today' && rate) days.push({ label: t('today'), conversion: rate, deals_net: row.kpis.deals_net?.value ?? 0, today: true });
  const most = Math.max(1, ...days.map((day) => day.deals_net));
  const tall = (value) => ({ height: `${(Math.max(0, value) / most) * 100}%` });
  return html`<section class="panel"><h2>${t('trend')}</h2>
    <${Trend} days=${days} usual=${story.usual.conversion?.value} />
    <h2>${t('trend.deals')}</h2>
    <ol class="bars">${days.map((day) => html`<li key=${day.label} class=${day.today ? 'today' : ''} title=${`${day.label}: ${count(day.deals_net)}`}>
      <i style=${tall(day.deals_net)}></i><span class="unseen">${day.label}: ${count(day.deals_net)}</span></li>`)}</ol>
    <p class="ends"><span>${days[0].label}</span><span>${days.at(-1).label}</span></p>
  </section>`;
}

function Products({ story }) {
  const wide = (share) => ({ width: `${Math.max(0, Math.min(1, share ?? 0)) * 100}%` });
  return html`<section class="panel"><h2>${t('products')}</h2>
    ${story.products.length ? html`<table class="mix"><tbody>${story.products.map((one) => html`<tr key=${one.currency + one.product}>
      <th scope="row">${one.product}<i><i style=${wide(one.share)}></i></i></th><td>${money(one.net, one.currency)}</td>
      <td>${show(one.share, 'ratio')}</td></tr>`)}</tbody></table>` : html`<p class="note">${t('products.none')}</p>`}
  </section>`;
}

function LastEvents({ rep, story, row }) {
  const again = () => { state.drill = { rep, kpi: null, name: row.name ?? null, date: story.date }; state.redraw(); };
  // A change of the newest event is the cue to look again.
  const cue = Math.max(0, ...Object.values(story.newest_ms ?? {}));
  return html`<section class="panel wide"><h2>${t('calls.last')} <button type="button" class="text" onClick=${again}>${t('calls.all')}</button></h2>
    <${Events} rep=${rep} date=${story.date} kpi=${null} most=${12} cue=${cue} />
  </section>`;
}
