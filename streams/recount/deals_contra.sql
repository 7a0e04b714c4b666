-- contra: the first won or amended at its close with nothing reversed, then the state after every
-- event. A won or amended in another currency than the one before starts anew.
CREATE OR REPLACE TABLE deal_starts AS
WITH stated AS (
    SELECT source, id, seq, closed_ms, currency,
        lag(currency) OVER (PARTITION BY source, id ORDER BY seq) AS currency_before
    FROM deal_events WHERE op = 'upsert' AND status IN ('won', 'amended')
)
SELECT source, id, max(seq) AS seq, last(closed_ms ORDER BY seq) AS closed_ms
FROM stated WHERE currency_before IS NULL OR currency_before <> currency
GROUP BY source, id;

INSERT INTO deal_steps
SELECT source, id, 0, starts.closed_ms, starts.seq, 0
FROM deal_starts AS starts SEMI JOIN deals_now USING (source, id)
UNION ALL
SELECT source, id, standing.seq, standing.at_ms, standing.deal_seq, standing.reversal
FROM deal_standing AS standing
JOIN deal_starts AS starts USING (source, id)
SEMI JOIN deals_now USING (source, id)
WHERE standing.seq >= starts.seq;
