// Texts: one dictionary a language, loaded when it is chosen.

import { state } from './state.js';

export const LANGUAGES = ['en', 'zh'];

/** The text of a key, with {names} filled in; a key that is missing shows itself. */
export function t(key, values = {}) {
  const text = state.words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The text of a key, or `usual` where the dictionary has none. */
export const maybe = (key, usual = null) => (state.words[key] === undefined ? usual : t(key));

export const kpiName = (kpi) => t(`kpi.${kpi}`);

export const kpiShort = (kpi) => maybe(`short.${kpi}`, kpiName(kpi));

const loaded = new Map();

/** Use a language from now on. */
export async function speak(language) {
  const known = LANGUAGES.includes(language) ? language : 'en';
  if (!loaded.has(known)) {
    const answer = await fetch(`/static/lang/${known}.json`);
    loaded.set(known, await answer.json());
  }
  state.words = loaded.get(known);
  document.documentElement.lang = known === 'zh' ? 'zh-CN' : 'en';
}
