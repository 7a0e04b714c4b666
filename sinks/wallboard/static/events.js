// The events behind a rep's day, as `floorcast explain` tells them.

import { Component, html } from './vendor/htm-preact-3.1.1.js';
import { count, duration, money, second } from './format.js';
import { state } from './state.js';
import { maybe, t } from './words.js';

const MOST = 400; // rows that are drawn
const WHOLE = 10_000;

const has = (name) => (event) => event.counts?.includes(name);
const deals = (event) => event.kind === 'deal';
const surveys = (event) => event.kind === 'survey';
const contacts = has('contacts');
const people = has('human_answered');

/** Which events count in a KPI, in its numerator or its denominator. */
const COUNTS = {
  dials: has('dials'), answered: has('answered'), human_answered: people, contacts,
  connect_rate: has('dials'), contact_rate: has('dials'), short_call_share: people, unknown_share: people,
  aht_ms: people, conversion: (event) => deals(event) || contacts(event),
  conversion_per_dial: (event) => deals(event) || has('dials')(event),
  conversion_per_lead: (event) => deals(event) || Boolean(event.lead_id),
  surveys, csat: has('csat_responses'), csat_rating: has('csat_responses'), nps: surveys,
  visits: has('visits'), retracted: has('retracted'),
};

const fits = (kpi) => (kpi === null ? () => true : COUNTS[kpi] ?? deals);

/** A table of events; reads them again when `cue` changes, no more often than makes sense. */
export class Events extends Component {
  componentDidMount() { this.read(); }

  componentDidUpdate(before) {
    const { rep, date, cue } = this.props;
    if (rep !== before.rep || date !== before.date) this.setState({ found: null, why: null }, () => this.read());
    else if (cue !== before.cue && !this.timer) this.timer = setTimeout(() => { this.timer = null; this.read(); }, 1000 * state.config.again_s);
  }

  componentWillUnmount() { clearTimeout(this.timer); this.gone = true; }

  async read() {
    const { rep, date } = this.props;
    let next;
    try {
      const answer = await fetch(`/api/rep/${encodeURIComponent(rep)}/events?date=${date}`);
      next = answer.ok ? { found: await answer.json(), why: null } : { why: (await answer.text()).trim() };
    } catch {
      next = { why: t('why.lost') };
    }
    if (!this.gone && date === this.props.date && rep === this.props.rep) this.setState(next);
  }

  render({ kpi, most = MOST }, { found, why }) {
    if (why) return html`<p class="note">${t('drill.failed', { why })}</p>`;
    if (!found) return html`<p class="note">${t('drill.loading')}</p>`;
    if (!found.stored) return html`<p class="note">${t('drill.none')}</p>`;
    const fitting = found.events.filter(fits(kpi));
    const shown = fitting.slice(0, most);
    if (!shown.length) return html`<p class="note">${t('drill.nothing_fits')}</p>`;
    return html`<table class="events"><thead><tr><th scope="col">${t('event.time')}</th><th scope="col">${t('event.kind')}</th>
        <th scope="col">${t('event.adds')}</th><th scope="col">${t('event.id')}</th></tr></thead>
      <tbody>${shown.map((event) => html`<tr key=${event.kind + event.source + event.id}>
        <td>${event.at_ms ? second(event.at_ms) : '–'}</td><td>${t(`event.${event.kind}`)}</td><td>${adds(event)}</td>
        <td class="id">${event.source} ${event.id}${event.revision && event.kind !== 'deal' ? html` <small>${t('event.revision', { n: event.revision })}</small>` : ''}</td></tr>`)}</tbody>
    </table>
    <p class="note">${shown.length < fitting.length ? t('drill.first', { n: count(shown.length), total: count(fitting.length) }) : t('drill.count', { n: count(fitting.length) })}</p>`;
  }
}

const IMPLIED = ['human_answered_outbound', 'contacts_outbound', 'surveys']; // others of the same event say so

function adds(event) {
  const implied = event.counts?.includes('human_answered') ? [...IMPLIED, 'answered'] : IMPLIED;
  const parts = (event.counts ?? []).filter((name) => !implied.includes(name)).map((name) => maybe(`adds.${name}`, name));
  if (event.deals_gross_bp) parts.push(t('adds.deals', { n: count(event.deals_gross_bp / WHOLE) }));
  if (event.deals_reversed_bp) parts.push(t('adds.reversed', { n: count(event.deals_reversed_bp / WHOLE) }));
  for (const [currency, products] of Object.entries(event.money ?? {})) {
    for (const [product, [gross, back]] of Object.entries(products)) {
      parts.push(`${product} ${money(gross - back, currency)}`);
    }
  }
  if (event.rating_e4) parts.push(t('adds.rating', { n: count(event.rating_e4 / WHOLE) }));
  for (const part of ['talk', 'hold', 'wrap']) {
    if (event[`${part}_ms`]) parts.push(t(`adds.${part}`, { time: duration(event[`${part}_ms`]) }));
  }
  return parts.join(', ') || t('adds.nothing');
}
