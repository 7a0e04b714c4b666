// The URL is the state: which board, of what, and how it looks.

import { state } from './state.js';

export const WINDOWS = ['5m', '15m', '30m', '60m', 'shift', 'today', 'week', 'month', 'quarter', 'year', 'last20', 'last50', 'last100'];
export const WINDOW_GROUPS = [
  ['trailing', WINDOWS.slice(0, 4)], ['calendar', WINDOWS.slice(4, 10)], ['last', WINDOWS.slice(10)],
];
export const WITHIN_A_DAY = new Set(WINDOWS.slice(0, 6));
export const THEMES = ['dark', 'light', 'contrast'];

const FILTERS = ['site', 'shift', 'product'];
const SWITCHES = { on: true, 1: true, off: false, 0: false };

/** What a location asks for; the board file says what an absent choice means. */
export function parse({ pathname, search }) {
  const asked = new URLSearchParams(search);
  const [, kind, id] = pathname.split('/').map(decodeURIComponent);
  const { page, ...sections } = state.config.boards;
  const view = { root: pathname === '/', board: kind || 'floor', team: asked.get('team') || null, rep: null };
  if (kind === 'team') view.team = id;
  if (kind === 'rep') view.rep = id;
  if (view.board === 'floor' && view.team) view.board = 'team';
  view.window = asked.get('window') || 'today';
  view.sort = asked.get('sort') || sections[view.board]?.sort || 'deals_net';
  for (const name of FILTERS) view[name] = asked.get(name) || null;
  view.theme = THEMES.includes(asked.get('theme')) ? asked.get('theme') : page.theme;
  view.lang = asked.get('lang') || page.language;
  view.celebrate = SWITCHES[asked.get('celebrate')] ?? page.celebrate;
  view.boards = asked.getAll('board');
  view.seconds = Number(asked.get('seconds')) || sections.tv.seconds;
  return view;
}

/** The address of a view. */
export function format(view) {
  const { page, ...sections } = state.config.boards;
  const query = new URLSearchParams();
  const put = (name, value, usual) => { if (value !== null && value !== undefined && value !== usual) query.append(name, value); };
  put('window', view.window, 'today');
  const inPath = view.board === 'team' && !view.root;
  if (view.board !== 'rep' && !inPath) put('team', view.team, null);
  put('sort', view.sort, sections[view.board]?.sort ?? 'deals_net');
  for (const name of FILTERS) put(name, view[name], null);
  put('theme', view.theme, page.theme);
  put('lang', view.lang, page.language);
  if (view.celebrate !== page.celebrate) query.append('celebrate', view.celebrate ? 'on' : 'off');
  if (view.board === 'tv') {
    for (const one of view.boards) query.append('board', one);
    put('seconds', view.seconds, sections.tv.seconds);
  }
  const text = query.toString();
  return path(view) + (text ? `?${text}` : '');
}

function path(view) {
  if (view.root && (view.board === 'floor' || view.board === 'team')) return '/';
  if (view.board === 'team') return `/team/${encodeURIComponent(view.team)}`;
  if (view.board === 'rep') return `/rep/${encodeURIComponent(view.rep)}`;
  return `/${view.board}`;
}

/** The address after a change of choices. */
export function href(change) {
  const before = state.view;
  const view = { ...before, ...change };
  if (change.board && change.board !== before.board) {
    view.sort = undefined;
    view.root = before.root && change.board === 'team';
    if (change.board !== 'team' && change.board !== 'leaderboard') view.team = change.team ?? null;
  } else if ('team' in change) {
    if (view.team && view.board === 'floor') view.board = 'team';
    if (!view.team && view.board === 'team') view.board = 'floor';
  }
  return format(view);
}

/** What the server is asked for: the query of /events. */
export function question(view) {
  const query = new URLSearchParams();
  const put = (name, value, usual) => { if (value && value !== usual) query.append(name, value); };
  put('window', view.window, 'today');
  put('team', view.team);
  put('rep', view.rep);
  put('sort', view.sort, 'deals_net');
  for (const name of FILTERS) put(name, view[name]);
  if (view.board === 'leaderboard') query.append('flat', '1');
  const text = query.toString();
  return text ? `?${text}` : '';
}
