// The large numbers on top of a board.

import { html } from './vendor/htm-preact-3.1.1.js';
import { time } from './format.js';
import { oldSince } from './freshness.js';
import { Cell } from './figure.js';
import { Line } from './spark.js';
import { kpiName, maybe, t } from './words.js';

/** A tile for each KPI; each says for itself when its number is old. `under` adds a line below.
 *  Targets and attainment will stand in a tile's footer once the plan has them. */
export function Headline({ line, kpis, owner, now, under, loading }) {
  return html`<section class="headline" aria-label=${t('headline')} data-tiles=${kpis.length + 1}>
    ${kpis.map((kpi) => html`<${Tile} key=${kpi} kpi=${kpi} line=${line} owner=${owner} now=${now} under=${under} loading=${loading} />`)}
    ${line?.line && html`<div class="tile day"><h2>${t('day.line')}</h2><${Line} line=${line.line} hours /></div>`}
  </section>`;
}

function Tile({ kpi, line, owner, now, under, loading }) {
  const since = oldSince(kpi);
  const note = since === null ? null : t('stale_since', { time: time(since, now) });
  return html`<div class=${`tile${note ? ' stale' : ''}`}>
    <h2>${kpiName(kpi)}${note && html` <em><span aria-hidden="true">▲ </span>${note}</em>`}</h2>
    ${line ? html`<${Cell} owner=${owner} line=${line} kpi=${kpi} />` : html`<p class="figure loading">${loading ? t('loading') : '–'}</p>`}
    ${under?.(kpi) ?? (maybe(`of.${kpi}`) && html`<p class="of">${t(`of.${kpi}`)}</p>`)}
  </div>`;
}
