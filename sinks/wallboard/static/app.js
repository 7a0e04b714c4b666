// Puts the page together: the URL says what is shown, the stream says what it is.

import { html, render } from './vendor/htm-preact-3.1.1.js';
import { count, time } from './format.js';
import { judge } from './freshness.js';
import { Bar, Headline, Team } from './parts.js';
import { follow, merge, whole } from './stream.js';

const DEFAULTS = { window: 'today', team: null, sort: 'deals_net' };
const TICK_MS = 1_000;

const state = { view: fromUrl(), board: null, pulse: null, heardAt: 0, lostAt: null };
let stop = () => {};
let due = false;

function fromUrl() {
  const asked = new URLSearchParams(location.search);
  return Object.fromEntries(Object.entries(DEFAULTS).map(([name, usual]) => [name, asked.get(name) || usual]));
}

function query(view) {
  const chosen = Object.entries(view).filter(([name, value]) => value !== null && value !== DEFAULTS[name]);
  return chosen.length ? `?${new URLSearchParams(chosen)}` : '';
}

const href = (change) => `/${query({ ...state.view, ...change })}`;

function go(change) {
  history.pushState(null, '', href(change));
  open();
}

function link(event) {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return; // a new tab or window is meant
  event.preventDefault();
  history.pushState(null, '', event.currentTarget.href);
  open();
}

function open() {
  stop();
  state.view = fromUrl();
  stop = follow(`/events${query(state.view)}`, {
    board: (message) => heard(() => { state.board = whole(message); }),
    change: (message) => heard(() => { if (state.board) state.board = merge(state.board, message); }),
    pulse: (message) => heard(() => { state.pulse = message; state.heardAt = Date.now(); }),
    lost: () => { state.lostAt ??= state.heardAt || Date.now(); draw(); },
  });
  draw();
}

function heard(take) {
  take();
  state.lostAt = null;
  draw();
}

function draw() {
  if (due) return;
  due = true;
  // Not requestAnimationFrame: a tab that is not seen must not fall behind either.
  setTimeout(() => { due = false; render(html`<${Page} />`, document.getElementById('app')); }, 0);
}

function Page() {
  const now = Date.now();
  const { board, pulse, view } = state;
  const fresh = judge(pulse, state.heardAt, state.lostAt, now);
  const teams = board ? board.choices.filter(([id]) => id in board.listed) : [];
  const one = board && board.team !== null;
  document.title = `${one ? `${nameOf(board, board.team)} · ` : ''}floorcast`;
  document.documentElement.dataset.state = fresh.state;
  document.documentElement.dataset.board = one ? 'team' : 'floor';
  return html`<${Bar} view=${view} teams=${board?.choices ?? []} fresh=${fresh} sources=${pulse?.sources ?? []}
      notices=${pulse?.notices ?? []} now=${now} href=${href} link=${link} go=${go} />
    <main aria-label="Board" aria-busy=${String(board !== null && !answers(board, view))}>${board ? html`<${Board} board=${board} teams=${teams} fresh=${fresh} now=${now} />`
      : html`<p class="empty">Waiting for the first numbers …</p>`}</main>`;
}

function Board({ board, teams, fresh, now }) {
  const one = board.team !== null;
  const sum = one ? board.teams.get(board.team) : board.floor;
  const note = fresh.state === 'stale' && fresh.since ? `as of ${time(fresh.since, now)}` : null;
  const groups = new Map();
  for (const row of board.rows.values()) {
    if (!groups.has(row.team_id)) groups.set(row.team_id, []);
    groups.get(row.team_id).push(row);
  }
  if (!groups.size) return html`<p class="empty">${empty(board)}</p>`;
  const shown = teams.filter(([id]) => groups.has(id));
  return html`
    ${sum ? html`<${Headline} line=${sum} note=${note} owner=${one ? { 'data-team': board.team } : { 'data-floor': '' }} />`
      : html`<p class="note">The last contacts belong to each rep, so there is nothing to add up.</p>`}
    <div class="teams" data-count=${Math.min(shown.length, 4)}>
      ${shown.map(([id, name]) => html`<${Team} key=${id} id=${id} name=${name} sum=${board.teams.get(id)} rows=${groups.get(id)}
        total=${board.listed[id] ?? groups.get(id).length} sort=${board.sort} alone=${one} href=${href} link=${link} />`)}
    </div>
    ${shown.length < teams.length && html`<p class="note">${shown.length} of ${count(teams.length)} teams shown; choose one above.</p>`}`;
}

const empty = (board) => (board.team === null
  ? 'No rep has numbers in this window yet.'
  : `No rep of ${nameOf(board, board.team)} has numbers in this window.`);

// Until the board that was asked for has come, the one before is on show, and must not pass for it.
const answers = (board, view) => board.window === view.window && board.team === view.team && board.sort === view.sort;

const nameOf = (board, id) => board.choices.find(([known]) => known === id)?.[1] ?? id;

window.addEventListener('popstate', open);
setInterval(draw, TICK_MS);
open();
