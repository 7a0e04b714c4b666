-- Deals on the local days of the reps they are credited to.

CREATE OR REPLACE TABLE postings AS
SELECT source, id, rep_id, at_ms, local_day(zone_of(roster.entries, at_ms), at_ms) AS day,
    currency, product_id, gross, reversed
FROM posted_money
JOIN deals_now USING (source, id)
LEFT JOIN roster USING (rep_id)
WHERE gross <> 0 OR reversed <> 0;

INSERT INTO contributions BY NAME
WITH marks AS (
    SELECT source, id, rep_id, at_ms, true AS counts,
        gross_bp, reversed_bp,
        CASE WHEN is_new_customer THEN gross_bp - reversed_bp ELSE 0 END AS new_bp,
        0 AS retracted
    FROM posted_shares JOIN deals_now USING (source, id)
    WHERE gross_bp <> 0 OR reversed_bp <> 0
    UNION ALL
    SELECT source, id, rep_id, at_ms, true, 0, 0, 0, 0 FROM postings
    UNION ALL
    -- A last event that retracts: the deal never was, and whoever that event credits can see so.
    SELECT source, id, credits.rep_id, last.closed_ms, false, 0, 0, 0, 1
    FROM (
        SELECT * FROM deal_events
        QUALIFY row_number() OVER (PARTITION BY source, id ORDER BY seq DESC) = 1
    ) AS last
    JOIN deal_credits AS credits USING (source, id, seq)
    WHERE last.op = 'retract'
    UNION ALL
    -- Every instant that any event named, for every rep ever credited.
    SELECT source, id, credits.rep_id, instant, false, 0, 0, 0, 0
    FROM (SELECT DISTINCT source, id, rep_id FROM deal_credits) AS credits
    JOIN (
        SELECT DISTINCT source, id, unnest([at_ms, closed_ms]) AS instant FROM deal_events
    ) USING (source, id)
), teams AS (
    SELECT source, id, rep_id, last(team_id ORDER BY seq) AS team_id
    FROM deal_credits WHERE team_id IS NOT NULL
    GROUP BY source, id, rep_id
)
SELECT
    'd' AS kind, source, id, rep_id,
    any_value(teams.team_id) AS team_id,
    local_day(zone_of(roster.entries, marks.at_ms), marks.at_ms) AS day,
    coalesce(max(marks.at_ms) FILTER (marks.counts), max(marks.at_ms)) AS at_ms,
    bool_or(marks.counts) AS counts,
    sum(gross_bp) AS deals_gross_bp, sum(reversed_bp) AS deals_reversed_bp,
    sum(new_bp) AS new_customers_bp, sum(retracted) AS retracted
FROM marks
LEFT JOIN teams USING (source, id, rep_id)
LEFT JOIN roster USING (rep_id)
GROUP BY ALL;
