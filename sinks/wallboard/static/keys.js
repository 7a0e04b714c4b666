// The keyboard: every choice without a mouse.

import { show } from './alerts.js';
import { href, THEMES, WINDOWS } from './route.js';
import { state } from './state.js';
import { LANGUAGES } from './words.js';

/** [keys, what they do: `keys.…` of the dictionary]; shown by `?`. */
export const KEYS = [
  [['?'], 'help'], [['f'], 'floor'], [['l'], 'leaderboard'], [['v'], 'tv'], [['w', 'W'], 'window'],
  [['j', 'k'], 'rows'], [['Enter'], 'open'], [['e'], 'events'], [['a'], 'alerts'], [['t'], 'theme'], [['g'], 'language'],
  [['c'], 'celebrate'], [['[', ']', 'Space'], 'pages'], [['Esc'], 'back'],
];

const next = (values, value, by = 1) => values[(values.indexOf(value) + by + values.length) % values.length];

/** What a key does, given what a page can do; true when it did something. */
export function press(key, { turnPage, close }) {
  const { view, go } = state;
  const to = (change) => { go(href(change)); return true; };
  if (state.help || state.drill || state.alerting) return (key === '?' || key === 'Escape') && (close(), true);
  const tv = view.board === 'tv';
  switch (key) {
    case '?': state.help = true; state.redraw(); return true;
    case 'f': return to({ board: 'floor', team: null });
    case 'l': return to({ board: 'leaderboard' });
    case 'v': return to({ board: 'tv' });
    case 'w': return to({ window: next(WINDOWS, view.window) });
    case 'W': return to({ window: next(WINDOWS, view.window, -1) });
    case 't': return to({ theme: next(THEMES, view.theme) });
    case 'g': return to({ lang: next(LANGUAGES, view.lang) });
    case 'c': return to({ celebrate: !view.celebrate });
    case 'j': case 'ArrowDown': return !tv && step(1, key);
    case 'k': case 'ArrowUp': return !tv && step(-1, key);
    case 'e': return events();
    case 'a': return !tv && (show(), true);
    case '[': return tv && (turnPage(-1), true);
    case ']': return tv && (turnPage(1), true);
    case ' ': if (tv) { state.tv.paused = !state.tv.paused; state.redraw(); } return tv;
    case 'Escape': return up(to);
    default: return false;
  }
}

/** Move the focus over the rows; the arrows scroll until a row has it. */
function step(by, key) {
  const rows = [...document.querySelectorAll('main [data-row]')];
  const at = rows.indexOf(document.activeElement);
  if (!rows.length || (at < 0 && key.startsWith('Arrow'))) return false;
  const target = at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1);
  rows[target].focus();
  return true;
}

function events() {
  const rep = document.activeElement?.dataset?.row || state.view.rep;
  const row = rep && state.board?.rows.get(rep);
  if (!row || state.config.again_s === null) return false;
  state.drill = { rep, kpi: null, name: row.name ?? null, date: row.date };
  state.redraw();
  return true;
}

function up(to) {
  const { view, board } = state;
  if (view.board === 'rep') return to({ board: 'team', team: board?.rows.get(view.rep)?.team_id ?? null, rep: null });
  return view.board !== 'floor' && to({ board: 'floor', team: null });
}
