// The bar on top: which board, window and filters; how it looks; how fresh everything is.

import { html } from './vendor/htm-preact-3.1.1.js';
import { AlertsButton } from './alerts.js';
import { age, time } from './format.js';
import { notice } from './freshness.js';
import { link } from './reps.js';
import { href, THEMES, WINDOW_GROUPS } from './route.js';
import { state, zone } from './state.js';
import { LANGUAGES, maybe, t } from './words.js';

const BOARDS = ['floor', 'leaderboard', 'tv'];

export function Bar({ fresh, now }) {
  const { view, board } = state;
  const choices = board?.choices ?? {};
  return html`<header class="bar">
    <a class="mark" href=${href({ board: 'floor', team: null })} onClick=${link}><img src="/static/favicon.svg" alt="" width="28" height="28" />floorcast</a>
    <nav aria-label=${t('boards')} class="boards">${BOARDS.map((name) => html`<a key=${name} href=${href({ board: name, team: name === 'leaderboard' ? view.team : null })}
      onClick=${link} aria-current=${name === view.board ? 'page' : undefined}>${t(`board.${name}`)}</a>`)}</nav>
    <nav aria-label=${t('window')} class="choice">${WINDOW_GROUPS.map(([group, names]) => html`<span key=${group} role="group" aria-label=${t(`windows.${group}`)}>
      ${names.map((name) => html`<a key=${name} href=${href({ window: name })} onClick=${link} title=${t(`window.${name}`)}
        aria-current=${name === view.window ? 'true' : undefined}>${maybe(`brief.${name}`, t(`window.${name}`))}</a>`)}</span>`)}
    </nav>
    <label class="choose"><span>${t('window')}</span> <select value=${view.window} onChange=${(event) => state.go(href({ window: event.target.value }))}>
      ${WINDOW_GROUPS.map(([group, names]) => html`<optgroup key=${group} label=${t(`windows.${group}`)}>
        ${names.map((name) => html`<option key=${name} value=${name}>${t(`window.${name}`)}</option>`)}</optgroup>`)}
    </select></label>
    ${view.board !== 'rep' && html`<${Choose} name="team" values=${(choices.teams ?? []).map(([id, label]) => [id, label])} />`}
    <${AlertsButton} />
    <${Look} choices=${choices} />
    <${Freshness} fresh=${fresh} now=${now} />
  </header>`;
}

/** A filter: everything, or one of `values` ([value, label]); left out where there is no choice. */
function Choose({ name, values }) {
  const chosen = state.view[name];
  const known = chosen && !values.some(([value]) => value === chosen) ? [...values, [chosen, chosen]] : values;
  if (!known.length || (known.length === 1 && !chosen && name !== 'team')) return null;
  return html`<label class=${`${name}-choice`}><span>${t(name)}</span> <select value=${chosen ?? ''}
    onChange=${(event) => state.go(href({ [name]: event.target.value || null }))}>
    <option value="">${t(`${name}s.all`)}</option>
    ${known.map(([value, label]) => html`<option key=${value} value=${value}>${label}</option>`)}
  </select></label>`;
}

/** Filters that are needed less often, and how the page looks; a dot says that something is chosen. */
function Look({ choices }) {
  const { view } = state;
  const same = (values) => (values ?? []).map((value) => [value, value]);
  const pick = (name, values) => html`<span class="pick" role="group" aria-label=${t(name === 'lang' ? 'language' : name)}>${values.map(([value, label]) => html`
    <a key=${value} href=${href({ [name]: value })} onClick=${link} aria-current=${view[name] === value ? 'true' : undefined}>${label}</a>`)}</span>`;
  const chosen = view.site || view.shift || view.product;
  return html`<details class="look"><summary>${t('view')}${chosen && html` <b aria-hidden="true">•</b>`}</summary>
    <div class="sheet">
      ${view.board !== 'rep' && html`<${Choose} name="site" values=${same(choices.sites)} /><${Choose} name="shift" values=${same(choices.shifts)} />`}
      <${Choose} name="product" values=${same(choices.products)} />
      ${pick('theme', THEMES.map((name) => [name, t(`theme.${name}`)]))}
      ${pick('lang', LANGUAGES.map((name) => [name, name === 'zh' ? '中文' : 'English']))}
      <label><input type="checkbox" checked=${view.celebrate} onChange=${() => state.go(href({ celebrate: !view.celebrate }))} /> ${t('celebrate')}</label>
      <button type="button" class="text" onClick=${() => { state.help = true; state.redraw(); }}>${t('help')} <kbd>?</kbd></button>
    </div></details>`;
}

export function Freshness({ fresh, now }) {
  const sources = state.pulse?.sources ?? [];
  return html`<details class="fresh">
    <summary data-state=${fresh.state}><span aria-hidden="true">${fresh.shape}</span> ${fresh.text}</summary>
    <div class="sheet">
      <h2>${t('sources')}</h2>
      ${sources.length ? html`<table><tbody>${sources.map((one) => html`<tr key=${one.topic + one.source} class=${one.stale ? 'late' : ''}>
        <th scope="row">${one.source}</th><td>${one.topic}</td><td>${one.stale ? '▲ ' : ''}${time(one.newest_ms, now)}</td>
        <td>${one.usual_ms === null ? '' : t('sources.usual', { age: age(one.usual_ms) })}</td></tr>`)}</tbody></table>`
        : html`<p>${t('sources.none')}</p>`}
      <p class="note">${t('zone', { zone: zone() ?? Intl.DateTimeFormat().resolvedOptions().timeZone })}</p>
    </div>
  </details>
  <span class="unseen" role="status">${fresh.state === 'live' ? t('live', { age: '' }).replace(/[,，]\s*$/, '') : fresh.text}</span>`;
}

/** What is wrong and everybody should know, over the board. */
export function Banner({ now }) {
  const said = state.pulse?.notices ?? [];
  if (!said.length) return null;
  return html`<aside class="banner" role="alert">${said.slice(0, 3).map((one) => html`<p key=${one.text}><span aria-hidden="true">▲ </span>${notice(one, now)}</p>`)}
    ${said.length > 3 && html`<p>+ ${said.length - 3}</p>`}</aside>`;
}
