// A deal is closed: said quietly, for some seconds, to those who asked for it.

import { html } from './vendor/htm-preact-3.1.1.js';
import { state } from './state.js';
import { t } from './words.js';

const SHOWN_MS = 6_000;
const MOST = 3;

/** Note who has more deals after a change than before it; only where the same window is compared. */
export function notice(before, after) {
  if (!state.view.celebrate || !before || before.window !== after.window) return;
  for (const [rep, row] of after.rows) {
    const had = before.rows.get(rep);
    // What merely left a trailing window and came back is no deal, so whole days only.
    if (had && had.date === row.date && row.kpis.deals_net?.value > had.kpis.deals_net?.value) cheer(rep, row.name ?? rep);
  }
}

function cheer(rep, name) {
  const toast = { rep, name, key: performance.now() };
  state.toasts = [...state.toasts.filter((one) => one.rep !== rep), toast].slice(-MOST);
  setTimeout(() => {
    state.toasts = state.toasts.filter((one) => one !== toast);
    state.redraw();
  }, SHOWN_MS);
}

export function Toasts() {
  return html`<div class="toasts" role="status">${state.toasts.map((one) => html`<p key=${one.key}><span aria-hidden="true">★ </span>${t('celebration', { rep: one.name })}</p>`)}</div>`;
}
