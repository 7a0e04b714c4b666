// What the page knows: choices, configuration, the board and how fresh it is. One of each.

export const state = {
  config: null, // /api/page
  words: {}, // the dictionary of the chosen language
  view: null, // what the URL asks for, see route.js
  board: null,
  pulse: null,
  heardAt: 0,
  lostAt: null,
  alerts: { entries: [], total: 0, unseen: 0, reps: {}, teams: {} },
  alerting: null, // whose alerts are listed over the board
  drill: null, // the figure whose events are shown
  help: false,
  toasts: [],
  tv: { board: 0, page: 0, pages: 1, paused: false },
  redraw: () => {},
  go: () => {},
};

/** The time zone that times are shown in: the team's or site's, when what is shown has one. */
export function zone() {
  const { board } = state;
  if (!board) return undefined;
  if (board.story) return board.story.zone;
  const team = board.choices.teams?.find(([id]) => id === board.team);
  return (team ? team[3] : board.choices.zone) ?? undefined;
}

export const nameOf = (board, id) => board.choices.teams?.find(([known]) => known === id)?.[1] ?? id;

export const kpiOf = (name) => state.config.kpis[name];
