// Puts the page together: the URL says what is shown, the stream says what it is.

import { html, render } from './vendor/htm-preact-3.1.1.js';
import { Banner, Bar } from './bar.js';
import { notice as celebrate, Toasts } from './celebrate.js';
import { close, Dialogs } from './dialogs.js';
import { Floor } from './floor.js';
import { judge } from './freshness.js';
import { press } from './keys.js';
import { Leaders } from './leaders.js';
import { RepBoard } from './rep.js';
import { format, parse, question } from './route.js';
import { nameOf, state } from './state.js';
import { follow, merge, refuses, whole } from './stream.js';
import { standing, turn, Tv } from './tv.js';
import { speak, t } from './words.js';

const TICK_MS = 1_000;
const RETRY_MS = 2_000;

let stop = () => {};
let coming = () => {}; // the next board of a wall, until it is there
let due = false;
let turnedAt = 0;
let run = null;

state.go = (address) => {
  history.pushState(null, '', address);
  open();
};

state.redraw = () => {
  if (due) return;
  due = true;
  // Not requestAnimationFrame: a tab that is not seen must not fall behind either.
  setTimeout(() => { due = false; render(html`<${Page} />`, document.getElementById('app')); }, 0);
};

async function open() {
  state.view = parse(location);
  state.drill = null;
  state.alerting = null;
  await speak(state.view.lang);
  Object.assign(state.tv, { board: 0, page: 0, pages: 1 });
  turnedAt = Date.now();
  subscribe(state.view.board === 'tv' ? standing() : state.view, false);
  state.redraw();
}

/** Follow what `asked` names; with `keep` what is there stays until the new board has come. */
function subscribe(asked, keep) {
  coming();
  if (!keep) stop();
  let first = true;
  const here = follow(`/events${question(asked)}`, {
    board: (message, id) => heard(() => {
      if (first && keep) stop();
      if (first) [stop, coming, first] = [here, () => {}, false];
      state.board = { ...whole(message), asked };
      restarted(id.split('.')[0]);
    }),
    change: (message) => heard(() => {
      if (!state.board) return;
      const after = merge(state.board, message);
      celebrate(state.board, after);
      state.board = after;
    }),
    pulse: (message) => heard(() => { state.pulse = message; state.heardAt = Date.now(); }),
    alerts: (message) => heard(() => { state.alerts = message; }),
    lost: () => { state.lostAt ??= state.heardAt || Date.now(); state.redraw(); },
  });
  if (keep) coming = here;
  else stop = here;
}

function heard(take) {
  take();
  state.lostAt = null;
  state.redraw();
}

/** A server that was started anew may have another board file, or another page. */
async function restarted(now) {
  const before = run;
  run = now;
  if (before === null || before === now) return;
  const old = state.config.version;
  state.config = await about();
  if (state.config.version !== old) location.reload();
  state.redraw();
}

async function about() {
  for (;;) {
    let refused = false;
    try {
      const answer = await fetch('/api/page');
      if (answer.ok) return await answer.json();
      refused = refuses(answer);
    } catch { /* the server is away: a wall that was switched on first waits for it */ }
    await new Promise((resolve) => { setTimeout(resolve, RETRY_MS); });
    if (refused) location.reload(); // only now: a proxy may let the page itself through
  }
}

/** Turn the wall's page, by hand or because its time is over. */
function turnPage(by = 1) {
  turnedAt = Date.now();
  if (turn(by)) subscribe(standing(), true);
  state.redraw();
}

function tick() {
  const { view, tv } = state;
  if (view.board === 'tv' && !tv.paused && state.board && Date.now() - turnedAt >= view.seconds * 1000) turnPage();
  state.redraw();
}

function Page() {
  const now = Date.now();
  const { board, view } = state;
  const fresh = judge(now);
  const root = document.documentElement;
  Object.assign(root.dataset, { state: fresh.state, board: view.board, theme: view.theme });
  document.title = [title(), 'floorcast'].filter(Boolean).join(' · ');
  const busy = board !== null && view.board !== 'tv' && format(board.asked) !== format(view) && question(board.asked) !== question(view);
  const inside = view.board === 'tv' ? html`<${Tv} fresh=${fresh} now=${now} />`
    : board ? html`<${Board} board=${board} now=${now} />` : html`<p class="empty">${t('wait')}</p>`;
  return html`${view.board !== 'tv' && html`<${Bar} fresh=${fresh} now=${now} />`}<${Banner} now=${now} />
    <main aria-label=${t(`board.${view.board}`)} aria-busy=${String(busy)}>
      ${['floor', 'team', 'leaderboard'].includes(view.board) && html`<h1 class="unseen">${title() || t('board.floor')}</h1>`}${inside}</main>
    <${Toasts} /><${Dialogs} now=${now} />`;
}

// Until the board that was asked for has come, the one before is on show, and must not pass for it.
function Board({ board, now }) {
  switch (board.asked.board) {
    case 'leaderboard': return html`<${Leaders} board=${board} now=${now} />`;
    case 'rep': return html`<${RepBoard} board=${board} now=${now} />`;
    default: return html`<${Floor} board=${board} now=${now} />`;
  }
}

function title() {
  const { view, board } = state;
  if (view.board === 'team') return board ? nameOf(board, view.team) : view.team;
  if (view.board === 'rep') return board?.rows.get(view.rep)?.name ?? view.rep;
  return view.board === 'floor' ? '' : t(`board.${view.board}`);
}

window.addEventListener('popstate', open);
window.addEventListener('resize', () => state.redraw());
window.addEventListener('keydown', (event) => {
  if (!state.view || event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, select, textarea')) return;
  if (press(event.key, { turnPage, close })) event.preventDefault();
});
state.config = await about();
await open();
setInterval(tick, TICK_MS);
