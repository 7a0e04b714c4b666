-- Rep-days. What is older than the newest day less `detail_days` is left out.
CREATE OR REPLACE TABLE rep_days AS
WITH sums AS (
    SELECT rep_id, day,
        sum(dials) AS dials, sum(answered) AS answered, sum(human_answered) AS human_answered,
        sum(human_answered_outbound) AS human_answered_outbound,
        sum(contacts) AS contacts, sum(contacts_outbound) AS contacts_outbound,
        sum(short_calls) AS short_calls,
        sum(talk_ms) AS talk_ms, sum(hold_ms) AS hold_ms, sum(wrap_ms) AS wrap_ms,
        sum(deals_gross_bp) AS deals_gross_bp, sum(deals_reversed_bp) AS deals_reversed_bp,
        sum(new_customers_bp) AS new_customers_bp,
        sum(surveys) AS surveys, sum(csat_responses) AS csat_responses,
        sum(csat_satisfied) AS csat_satisfied, sum(csat_rating_e4) AS csat_rating_e4,
        sum(nps_promoters) AS nps_promoters, sum(nps_passives) AS nps_passives,
        sum(nps_detractors) AS nps_detractors, sum(retracted) AS retracted,
        -- The latest that counts; what it does not name is nobody's.
        arg_max(
            coalesce(team_id, ''), {instant: at_ms, entity: kind || source || chr(31) || id}
        ) FILTER (counts) AS stated_team
    FROM contributions
    WHERE day > (SELECT max(day) FROM contributions) - CAST(getvariable('detail_days') AS INTEGER)
    GROUP BY rep_id, day
)
SELECT
    coalesce(
        list_filter(roster.entries, lambda e: sums.day >= e.first AND sums.day < e.until)[1].team_id,
        nullif(stated_team, ''),
        'unassigned'
    ) AS team_id,
    sums.* EXCLUDE (stated_team)
FROM sums LEFT JOIN roster USING (rep_id);
