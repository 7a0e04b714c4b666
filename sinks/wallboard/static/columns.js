// Which KPIs the page shows, where, and how each is called on it.

/** The headline over a floor or a team. */
export const HEADLINE = [
  { kpi: 'conversion', label: 'Conversion', unit: 'ratio', of: 'deals / contacts' },
  { kpi: 'deals_net', label: 'Deals', unit: 'deals' },
  { kpi: 'revenue_net', label: 'Revenue', unit: 'minor' },
  { kpi: 'contacts', label: 'Contacts', unit: 'count' },
  { kpi: 'connect_rate', label: 'Connect rate', unit: 'ratio', of: 'answered / dials' },
  { kpi: 'csat', label: 'CSAT', unit: 'ratio', of: 'satisfied / answers' },
];

/** The columns of a table of reps; `wide` ones stand where there is room for them. */
export const COLUMNS = [
  { kpi: 'deals_net', label: 'Deals', unit: 'deals', wide: 0 },
  { kpi: 'conversion', label: 'Conversion', unit: 'ratio', wide: 0 },
  { kpi: 'revenue_net', label: 'Revenue', unit: 'minor', wide: 0 },
  { kpi: 'connect_rate', label: 'Connect', unit: 'ratio', wide: 2 },
  { kpi: 'aht_ms', label: 'Handle time', unit: 'ms', wide: 3 },
  { kpi: 'csat', label: 'CSAT', unit: 'ratio', wide: 3 },
];

/** A rate over fewer than this many is dimmed and has no rank: it is chance. */
export const LEAST_SAMPLE = 20;

/** [name, label, label where there is little room] of each window, in groups. */
export const WINDOWS = [
  { label: 'Trailing', windows: [['5m', '5 min', '5m'], ['15m', '15 min', '15m'], ['30m', '30 min', '30m'], ['60m', '60 min', '60m']] },
  { label: 'Calendar', windows: [['shift', 'Shift'], ['today', 'Today'], ['week', 'Week'], ['month', 'Month'], ['quarter', 'Quarter'], ['year', 'Year']] },
  { label: 'Last contacts', windows: [['last20', 'Last 20 contacts', 'Last 20'], ['last50', 'Last 50 contacts', '50'], ['last100', 'Last 100 contacts', '100']] },
];
