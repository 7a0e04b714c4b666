// A wall: boards one after the other, in pages that turn, to be read from five metres.

import { html } from './vendor/htm-preact-3.1.1.js';
import { time } from './format.js';
import { Cell } from './figure.js';
import { RepBoard } from './rep.js';
import { ranked, Reps } from './reps.js';
import { parse } from './route.js';
import { Line } from './spark.js';
import { nameOf, state } from './state.js';
import { Headline } from './tiles.js';
import { kpiName, kpiShort, t } from './words.js';

// In rem of the wall, as style.css has them.
const ROW = 1.76;
const TALLEST = 3;
const WITHOUT = { floor: 9.15, team: 9.15, leaderboard: 3.9 };
const BANNER = 1.4;
const TILES = 4;
const COLUMNS = 3;
const SIDE_BY_SIDE = 4;
const BEST = 5;

/** The boards of the rotation, as addresses. */
export function rotation() {
  const { view, config, board } = state;
  if (view.boards.length) return view.boards;
  if (config.boards.tv.boards.length) return config.boards.tv.boards;
  const teams = (board?.choices.teams ?? []).map(([id]) => `/team/${encodeURIComponent(id)}`);
  return ['/floor', ...(teams.length > 1 ? teams : []), '/leaderboard'];
}

/** The view that stands in the rotation now; its window, filters and team are its own address's. */
export function standing() {
  const boards = rotation();
  const [pathname, search = ''] = boards[state.tv.board % boards.length].split('?');
  return parse({ pathname, search });
}

/** Turn a page, or go on to the next board; true when another board is to be shown. */
export function turn(by = 1) {
  const { tv } = state;
  if (tv.page + by >= 0 && tv.page + by < tv.pages) {
    tv.page += by;
    return false;
  }
  const count = rotation().length;
  tv.board = (tv.board + Math.sign(by) + count) % count;
  tv.page = 0;
  return count > 1;
}

/** Boards and pages of a wall in all, and where it stands. */
function Where() {
  const { tv } = state;
  return html`<span class="turn">${t('tv.page', { n: tv.page + 1, total: tv.pages })}${tv.paused ? ` · ${t('tv.paused')}` : ''}</span>`;
}

export function Tv({ fresh, now }) {
  const { board } = state;
  const shown = board?.asked;
  if (!shown) return html`<p class="empty">${t('wait')}</p>`;
  const kind = shown.board;
  const title = kind === 'team' ? nameOf(board, board.team) : kind === 'rep' ? '' : t(`board.${kind}`);
  const inner = kind === 'floor' ? html`<${TvFloor} board=${board} now=${now} />`
    : kind === 'leaderboard' ? html`<${TvLeaders} board=${board} now=${now} />`
      : kind === 'rep' ? html`<${RepBoard} board=${board} now=${now} />` : html`<${TvTeam} board=${board} now=${now} />`;
  if (kind === 'rep') state.tv.pages = 1;
  return html`<header class="wall">
      <h1>${title}</h1><span>${kind === 'leaderboard' ? `${kpiName(board.sort)} · ` : ''}${t(`window.${board.window}`)}</span>
      <span class="fresh" data-state=${fresh.state}><span aria-hidden="true">${fresh.shape}</span> ${fresh.text}</span>
      <${Where} /><time>${time(now, now)}</time>
    </header>${inner}`;
}

/** The rows of the page that stands, and how many pages there are. */
function paged(rows, kind) {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const banner = state.pulse?.notices.length ? BANNER * Math.min(state.pulse.notices.length, 4) : 0;
  const room = innerHeight / rem - WITHOUT[kind] - banner;
  const most = Math.max(1, Math.min(state.config.boards.tv.rows, Math.floor(room / ROW)));
  state.tv.pages = Math.max(1, Math.ceil(rows.length / most));
  // Pages of one length, and rows as tall as the wall has room for.
  const size = Math.ceil(rows.length / state.tv.pages) || 1;
  document.documentElement.style.setProperty('--row', `${Math.min(TALLEST, room / size).toFixed(2)}rem`);
  state.tv.page = Math.min(state.tv.page, state.tv.pages - 1);
  const from = state.tv.page * size;
  return [rows.slice(from, from + size), from];
}

function TvFloor({ board, now }) {
  const kpis = state.config.boards.floor.headline.slice(0, TILES);
  const teams = [...board.teams.values()];
  const [shown] = paged(teams, 'floor');
  if (teams.length <= SIDE_BY_SIDE) return html`<${TvCards} board=${board} teams=${teams} kpis=${kpis} now=${now} />`;
  return html`<${Headline} line=${board.floor} kpis=${kpis} owner=${{ 'data-floor': '' }} now=${now} loading=${Object.keys(board.loading).length > 0} />
    <section class="team"><table><thead><tr><th scope="col" class="who">${t('team')}</th>
      ${kpis.map((kpi) => html`<th key=${kpi} scope="col">${kpiShort(kpi)}</th>`)}<th scope="col" class="sparks">${t('day')}</th></tr></thead>
    <tbody>${shown.map((team) => html`<tr key=${team.id}><th scope="row" class="who">${team.name ?? team.id}</th>
      ${kpis.map((kpi) => html`<td key=${kpi}><${Cell} owner=${{ 'data-team': team.id }} line=${team} kpi=${kpi} /></td>`)}
      <td class="sparks"><${Line} line=${team.line} /></td></tr>`)}</tbody></table></section>`;
}

/** Few teams stand side by side, each with its best. */
function TvCards({ board, teams, kpis, now }) {
  state.tv.pages = 1;
  const best = (team) => [...board.rows.values()].filter((row) => row.team_id === team && ranked(row, board.sort)).slice(0, BEST);
  return html`<${Headline} line=${board.floor} kpis=${kpis} owner=${{ 'data-floor': '' }} now=${now} loading=${Object.keys(board.loading).length > 0} />
    <div class="cards">${teams.map((team) => html`<section key=${team.id} class="card" aria-label=${team.name ?? team.id}>
      <h2>${team.name ?? team.id}<${Line} line=${team.line} /></h2>
      <dl>${kpis.map((kpi) => html`<div key=${kpi}><dt>${kpiShort(kpi)}</dt><dd><${Cell} owner=${{ 'data-team': team.id }} line=${team} kpi=${kpi} /></dd></div>`)}</dl>
      <ol>${best(team.id).map((row, at) => html`<li key=${row.rep_id}><span>${at + 1}</span><b>${row.name ?? row.rep_id}</b><${Cell} owner=${{ 'data-rep': row.rep_id }} line=${row} kpi=${board.sort} /></li>`)}</ol>
    </section>`)}</div>`;
}

function TvTeam({ board, now }) {
  const section = state.config.boards.team;
  const rows = [...board.rows.values()];
  const [shown, from] = paged(rows, 'team');
  const loading = Object.keys(board.loading).length > 0;
  return html`<${Headline} line=${board.teams.get(board.team)} kpis=${section.headline.slice(0, TILES)} owner=${{ 'data-team': board.team }} now=${now} loading=${loading} />
    ${shown.length ? html`<section class="team"><${Page} rows=${rows} shown=${shown} from=${from} columns=${section.columns} sort=${board.sort} now=${now} /></section>`
      : html`<p class="empty">${loading ? t('loading') : t('empty')}</p>`}`;
}

function TvLeaders({ board, now }) {
  const { columns } = state.config.boards.leaderboard;
  const most = 2 * state.config.boards.tv.rows; // the first pages are what a floor looks for
  const rows = [...board.rows.values()].filter((row) => ranked(row, board.sort)).slice(0, most);
  const [shown, from] = paged(rows, 'leaderboard');
  const order = [board.sort, ...columns.filter((kpi) => kpi !== board.sort)];
  return html`<section class="team leaders"><${Page} rows=${rows} shown=${shown} from=${from} columns=${order} sort=${board.sort} teams now=${now} /></section>`;
}

function Page({ rows, shown, from, columns, sort, teams, now }) {
  const before = rows.slice(0, from).filter((row) => ranked(row, sort)).length;
  return html`<${Reps} rows=${shown} columns=${columns.slice(0, COLUMNS)} sort=${sort} teams=${teams} from=${before}
    all=${rows} now=${now} />`;
}
