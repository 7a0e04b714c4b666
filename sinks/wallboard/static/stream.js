// The connection: whole board first, then changes; comes back on its own however it ended.

const SILENT_MS = 6_000; // pulses come every second
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5_000;

/** Follows `url`; calls on.board, on.change, on.pulse, on.alerts with what comes and on.lost when it ends. */
export function follow(url, on) {
  let source = null;
  let heard = performance.now();
  let retry = FIRST_RETRY_MS;
  let timer = 0;
  let closed = false;

  const hear = (take) => (event) => {
    heard = performance.now();
    retry = FIRST_RETRY_MS;
    take(JSON.parse(event.data), event.lastEventId);
  };

  function open() {
    heard = performance.now();
    source = new EventSource(url);
    source.addEventListener('board', hear(on.board));
    source.addEventListener('change', hear(on.change));
    source.addEventListener('pulse', hear(on.pulse));
    source.addEventListener('alerts', hear(on.alerts));
    // The token is revoked or over: what is shown must go, and the server says what to do.
    source.addEventListener('signed-out', () => location.reload());
    source.onerror = () => {
      on.lost();
      if (source.readyState === EventSource.CLOSED) again(); // an answer that is no stream: the browser has given up
    };
  }

  function again() {
    source.close();
    clearTimeout(timer);
    timer = setTimeout(reopen, retry);
    retry = Math.min(2 * retry, LAST_RETRY_MS);
  }

  // A token revoked while nothing could be heard: what is shown must go here, too.
  async function reopen() {
    if (await signedOut()) location.reload();
    else if (!closed) open();
  }

  const watch = setInterval(() => {
    if (!closed && source.readyState !== EventSource.CLOSED && performance.now() - heard > SILENT_MS) {
      on.lost();
      again();
    }
  }, 1_000);

  open();
  return () => {
    closed = true;
    clearInterval(watch);
    clearTimeout(timer);
    source.close();
  };
}

/** Whether an answer says that whoever asks may not see this, or not any more. */
export const refuses = (answer) => answer.status === 401 || answer.status === 403;

// An EventSource does not tell a refusal from a server that is away, so another answer has to.
async function signedOut() {
  try {
    return refuses(await fetch('/api/page', { signal: AbortSignal.timeout(SILENT_MS) }));
  } catch {
    return false; // nobody is there: what is shown is old and says so
  }
}

/** The board after a change: what did not change is the same object as before. */
export function merge(board, change) {
  const rows = new Map(board.rows);
  for (const row of change.rows) rows.set(row.rep_id, row);
  const teams = new Map(board.teams);
  for (const team of change.teams) teams.set(team.id, team);
  return {
    ...board,
    rows: change.order ? picked(rows, change.order) : rows,
    teams: change.team_order ? picked(teams, change.team_order) : teams,
    floor: 'floor' in change ? change.floor : board.floor,
    listed: change.listed ?? board.listed,
    loading: change.loading ?? board.loading,
    story: 'story' in change ? change.story : board.story,
    currency: change.currency ?? board.currency,
    choices: change.choices ? { teams: [], ...change.choices } : board.choices,
    window: change.window ?? board.window,
    sort: change.sort ?? board.sort,
    team: 'window' in change ? change.team ?? null : board.team,
    rep: 'window' in change ? change.rep ?? null : board.rep,
  };
}

/** The board of a first message. */
export const whole = (message) => merge({ rows: new Map(), teams: new Map(), floor: null, listed: {}, loading: {}, story: null, choices: { teams: [] } }, message);

const picked = (lines, order) => new Map(order.map((key) => [key, lines.get(key)]));
