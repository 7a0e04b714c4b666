-- Deals: which events there are, what the deal was after each of them, and how that splits over the
-- reps. deals_restate.sql and deals_contra.sql then say on which instants it stands.

-- Distinct events of each deal in their order.
CREATE OR REPLACE TABLE deal_events AS
SELECT *, row_number() OVER (PARTITION BY source, id ORDER BY revision, logged_ms, "offset") AS seq
FROM raw_deals
ANTI JOIN (SELECT source, id FROM in_flight WHERE kind = 'd') USING (source, id)
QUALIFY row_number() OVER (
    PARTITION BY source, id, revision, logged_ms, "offset" ORDER BY "partition"
) = 1;

-- Whom each event credits: a row per rep, in 1/10,000; without credits the event's own rep gets all.
CREATE OR REPLACE TABLE deal_credits AS
SELECT source, id, seq, rep_id, sum(bp) AS bp, first(team_id ORDER BY place) FILTER (team_id IS NOT NULL) AS team_id
FROM (
    SELECT source, id, seq, credit.rep_id, credit.team_id, whole(credit.share, 10000) AS bp, place
    FROM (
        SELECT source, id, seq, unnest(credits) AS credit, generate_subscripts(credits, 1) AS place
        FROM deal_events
    )
    UNION ALL
    SELECT source, id, seq, rep_id, team_id, 10000, 1
    FROM deal_events WHERE credits IS NULL OR len(credits) = 0
)
GROUP BY source, id, seq, rep_id;

-- After each event: which won or amended says what the deal is, and what is reversed (-1: all).
-- Retractions say nothing here: only one that stands last matters, and then there is no deal.
CREATE OR REPLACE TABLE deal_standing AS
WITH said AS (
    SELECT *,
        CASE WHEN status IN ('won', 'amended') THEN seq END AS deal_said,
        CASE status
            WHEN 'cancelled' THEN -1
            WHEN 'refunded' THEN coalesce(reversed, -1)
            WHEN 'reinstated' THEN 0
            WHEN 'won' THEN coalesce(reversed, 0)
            ELSE reversed -- an amendment that does not state it leaves it as it was
        END AS reversal_said
    FROM deal_events WHERE op = 'upsert'
)
SELECT source, id, seq, at_ms,
    last_value(deal_said IGNORE NULLS) OVER so_far AS deal_seq,
    coalesce(last_value(reversal_said IGNORE NULLS) OVER so_far, 0) AS reversal
FROM said
WINDOW so_far AS (
    PARTITION BY source, id ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
);

-- The deals that stand, as their latest event leaves them; a last event that retracts: none.
CREATE OR REPLACE TABLE deals_now AS
SELECT latest.source, latest.id, latest.seq, latest.deal_seq, latest.reversal,
    deal.is_new_customer, deal.closed_ms, deal.currency
FROM (
    SELECT * FROM deal_standing
    QUALIFY row_number() OVER (PARTITION BY source, id ORDER BY seq DESC) = 1
) AS latest
JOIN deal_events AS deal
    ON deal.source = latest.source AND deal.id = latest.id AND deal.seq = latest.deal_seq
WHERE (
    SELECT last(op ORDER BY seq) FROM deal_events AS e
    WHERE e.source = latest.source AND e.id = latest.id
) = 'upsert';

-- A step is a state of a deal whose split over reps and products is needed, at an instant.
CREATE OR REPLACE TABLE deal_steps (
    source VARCHAR, id VARCHAR, step BIGINT, at_ms BIGINT, deal_seq BIGINT, reversal BIGINT
);
