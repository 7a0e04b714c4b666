// Alerts: whose conversion really dropped. Badges at names, the list, and what can be done.

import { Component, html } from './vendor/htm-preact-3.1.1.js';
import { count, time } from './format.js';
import { link } from './reps.js';
import { href } from './route.js';
import { nameOf, state } from './state.js';
import { t } from './words.js';

// Colour never says it alone: a sign and a word stand beside it.
const SIGNS = { red: '!!', amber: '!', acknowledged: '✓', recovered: '↑', cleared: '–', replaced: '–', ended: '–' };
const MUTES = [['1h', 1], ['4h', 4], ['1d', 24], ['7d', 168]]; // hours
const HOUR_MS = 3_600_000;
const ENDED = ['recovered', 'cleared'];

/** Opens the list: all alerts, or with `about` those of one rep or team. */
export function show(about = {}) {
  state.alerting = about;
  state.redraw();
}

/** The way to the list, in the bar: how many reds nobody has in hand. */
export function AlertsButton() {
  const { unseen, reps, teams } = state.alerts;
  const open = Object.keys(reps).length + Object.keys(teams).length;
  return html`<button type="button" class=${`alarm${unseen ? ' red' : ''}`} aria-haspopup="dialog" onClick=${() => show()}>
    ${unseen > 0 && html`<span aria-hidden="true">${SIGNS.red} </span>`}${t('alerts')}${open > 0 && html` <b>${count(unseen || open)}</b>`}
    ${open > 0 && html`<span class="unseen">: ${unseen ? t('alerts.unseen', { n: count(unseen) }) : t('alerts.open', { n: count(open) })}</span>`}</button>
  <span class="unseen" role="status">${unseen > 0 ? `${t('alerts')}: ${t('alerts.unseen', { n: count(unseen) })}` : ''}</span>`;
}

/** The most urgent open alert of a rep or a team, at its name; not on walls, which everybody sees. */
export function Badge({ rep, team, name }) {
  const badge = rep === undefined ? state.alerts.teams[team] : state.alerts.reps[rep];
  if (!badge || state.view.board === 'tv') return null;
  const word = badge.muted ? t('alert.muted') : t(`alert.${badge.state}`);
  return html`<button type="button" class=${`badge ${badge.muted ? 'muted' : badge.state}`} title=${t('alert.show', { name })}
    aria-haspopup="dialog" onClick=${() => show(rep === undefined ? { team } : { rep })}><span aria-hidden="true">${SIGNS[badge.state]} </span>${word}</button>`;
}

/** What an alert is called: one that was not recovered from is not called recovered. */
function called({ state: is, life = [] }) {
  if (is !== 'recovered') return is;
  const why = life.findLast(({ what }) => what === 'recovered')?.text;
  return why === 'again' ? 'replaced' : ['moved', 'gone'].includes(why) ? 'ended' : is;
}

const fits = ({ rep, team }) => ({ alert }) => (rep !== undefined ? alert.rep_id === rep : team === undefined || (alert.team_id === team && !alert.rep_id));

/** Alerts of `about` ({}, {rep} or {team}), the most urgent first. */
export function Alerts({ about, now }) {
  const { entries, total } = state.alerts;
  const found = entries.filter(fits(about));
  const all = about.rep === undefined && about.team === undefined;
  if (!found.length) return html`<p class="note">${t('alerts.none')}</p>`;
  return html`<ol class="alerts">${found.map((entry) => html`<${Alert} key=${entry.alert.alert_id} entry=${entry} now=${now} />`)}</ol>
    ${all && total > entries.length && html`<p class="note">${t('alerts.shown', { n: count(entries.length), total: count(total) })}</p>`}`;
}

export const hasAlerts = (about) => state.alerts.entries.some(fits(about));

class Alert extends Component {
  constructor() {
    super();
    this.state = { said: null, failed: null, note: '', hours: 4, sending: false };
  }

  async act(path, body) {
    if (this.sending) return; // a double click; the button is drawn as disabled a moment later
    this.sending = true;
    this.setState({ said: t('act.sending'), failed: null, sending: true });
    try {
      const answer = await fetch(`/api/v1/alerts/${path}`, {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ text: this.state.note, ...body }),
      });
      if (answer.ok) this.setState({ said: t('act.written'), note: '' });
      else this.setState({ said: null, failed: t('act.failed', { why: (await answer.json()).detail }) });
    } catch {
      this.setState({ said: null, failed: t('act.failed', { why: t('why.lost') }) });
    }
    this.sending = false;
    this.setState({ sending: false });
  }

  render({ entry, now }, { said, failed }) {
    const { alert, state: is, muted_until_ms: muted = 0, life = [] } = entry;
    const { rep_id: rep = '', team_id: team = '' } = alert;
    const ofTeam = team && state.board ? nameOf(state.board, team) : team;
    const word = called(entry);
    const name = rep ? state.board?.rows.get(rep)?.name ?? rep : ofTeam || alert.site_id;
    const to = rep ? href({ board: 'rep', rep }) : team ? href({ board: 'team', team }) : href({ board: 'floor', team: null });
    const text = (texts = {}) => texts[state.view.lang] ?? texts.en ?? '';
    const follow = (event) => { state.alerting = null; link(event); };
    return html`<li class=${`alert-entry ${is}`} data-alert=${alert.alert_id}>
      <h3><span class=${`badge ${word}`}><span aria-hidden="true">${SIGNS[word]} </span>${t(`alert.${word}`)}</span>
        <a href=${to} onClick=${follow}>${name}</a> ${rep && html`<small>${ofTeam}</small>`}
        <time>${time(alert.at_ms, now)}</time></h3>
      <p>${text(alert.text)}</p>${entry.end_text && html`<p class="note">${text(entry.end_text)}</p>`}
      ${muted > 0 && html`<p class="note">${t('alert.muted_until', { time: time(muted, now) })}</p>`}
      ${state.config.acts && this.actions(is, alert, muted)}
      ${said && html`<p class="note" role="status">${said}</p>`}${failed && html`<p class="failed" role="alert">▲ ${failed}</p>`}
      <details><summary>${t('alert.life')}</summary><ol class="life">${life.map((one, at) => html`<li key=${at}>
        <time>${time(one.at_ms, now)}</time> <span>${happened(one, now)}</span></li>`)}</ol></details>
    </li>`;
  }

  actions(is, alert, muted) {
    const { note, hours, sending } = this.state;
    const id = encodeURIComponent(alert.alert_id);
    const of = alert.rep_id ? { rep_id: alert.rep_id } : { team_id: alert.team_id };
    const ms = state.pulse ? state.pulse.now_ms + Date.now() - state.heardAt : Date.now(); // the server's clock
    return html`<div class="acts">
      <label>${t('act.note')} <input type="text" maxlength="1000" value=${note} onInput=${(event) => this.setState({ note: event.target.value })} /></label>
      ${!ENDED.includes(is) && is !== 'acknowledged' && html`<button type="button" class="do" disabled=${sending} onClick=${() => this.act(`${id}/ack`, {})}>${t('act.ack')}</button>`}
      <button type="button" class="do" disabled=${sending || !note.trim()} onClick=${() => this.act(`${id}/comment`, {})}>${t('act.comment')}</button>
      ${!alert.rep_id && !alert.team_id ? '' : muted > 0 ? html`<button type="button" class="do" disabled=${sending} onClick=${() => this.act('unmute', of)}>${t('act.unmute')}</button>`
        : html`<label>${t('act.for')} <select value=${hours} onChange=${(event) => this.setState({ hours: Number(event.target.value) })}>
            ${MUTES.map(([key, value]) => html`<option key=${key} value=${value}>${t(`act.for.${key}`)}</option>`)}</select></label>
          <button type="button" class="do" disabled=${sending} onClick=${() => this.act('mute', { ...of, until_ms: Math.round(ms + hours * HOUR_MS) })}>${t('act.mute')}</button>`}
    </div>`;
  }
}

/** One thing in an alert's life, in words. */
function happened({ what, by = '', text = '', until_ms: until = 0 }, now) {
  const reasons = ENDED.includes(what);
  const said = reasons ? text.split(', ').filter(Boolean).map((why) => t(`reason.${why}`)).join(', ') : text;
  return [t(`life.${what}`, { by, time: until ? time(until, now) : '' }), said].filter(Boolean).join(': ');
}
