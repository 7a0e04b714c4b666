// What opens over the board: alerts, the events behind a number, and the list of keys.

import { html, useEffect, useRef } from './vendor/htm-preact-3.1.1.js';
import { Alerts } from './alerts.js';
import { Cell } from './figure.js';
import { Events } from './events.js';
import { KEYS } from './keys.js';
import { nameOf, state } from './state.js';
import { kpiName, t } from './words.js';

export function close() {
  state.drill = null;
  state.alerting = null;
  state.help = false;
  state.redraw();
}

/** A dialog that keeps the focus until it is closed. */
function Dialog({ title, children }) {
  const self = useRef(null);
  // Not closed by hand when it goes: that would be told like a close by the viewer, and end what comes next.
  useEffect(() => { self.current.showModal(); }, []);
  return html`<dialog ref=${self} aria-label=${title} onClose=${close}
      onClick=${(event) => { if (event.target === self.current) close(); }}>
    <div class="inside"><header><h2>${title}</h2><button type="button" class="text" onClick=${close}>${t('close')} <kbd>Esc</kbd></button></header>${children}</div>
  </dialog>`;
}

export function Dialogs({ now }) {
  if (state.alerting) return html`<${Dialog} title=${t('alerts')}><${Alerts} about=${state.alerting} now=${now} /></${Dialog}>`;
  if (state.help) return html`<${Help} />`;
  if (state.drill) return state.drill.rep ? html`<${Behind} ...${state.drill} />` : html`<${Reps} ...${state.drill} />`;
  return null;
}

function Behind({ rep, kpi, name, date }) {
  const who = name ?? rep;
  const title = kpi === null ? who : t('drill.title', { rep: who, kpi: kpiName(kpi) });
  const change = (part) => { state.drill = { ...state.drill, ...part }; state.redraw(); };
  const { window } = state.board;
  return html`<${Dialog} title=${title}>
    <p class="tools"><label>${t('drill.date')} <input type="date" value=${date} onChange=${(event) => event.target.value && change({ date: event.target.value })} /></label>
      ${kpi !== null && html`<button type="button" class="text" onClick=${() => change({ kpi: null })}>${t('drill.everything')}</button>`}</p>
    ${kpi !== null && window !== 'today' && html`<p class="note">${t('drill.window', { window: t(`window.${window}`) })}</p>`}
    <${Events} rep=${rep} date=${date} kpi=${kpi} cue=${0} />
  </${Dialog}>`;
}

/** What a team's or the floor's number is made of: each rep's part, which leads to its events. */
function Reps({ team, kpi }) {
  const { board } = state;
  const rows = [...board.rows.values()].filter((row) => team === null || row.team_id === team);
  const title = t('drill.title', { rep: team === null ? t('board.floor') : nameOf(board, team), kpi: kpiName(kpi) });
  return html`<${Dialog} title=${title}><table class="events"><tbody>${rows.map((row) => html`<tr key=${row.rep_id}>
    <th scope="row">${row.name ?? row.rep_id}</th><td><${Cell} owner=${{ 'data-rep': row.rep_id }} line=${row} kpi=${kpi} /></td></tr>`)}</tbody></table>
  </${Dialog}>`;
}

function Help() {
  return html`<${Dialog} title=${t('help')}><dl class="keys">${KEYS.map(([keys, text]) => html`<div key=${text}>
    <dt>${keys.map((key) => html`<kbd key=${key}>${key}</kbd> `)}</dt><dd>${t(`keys.${text}`)}</dd></div>`)}</dl></${Dialog}>`;
}
