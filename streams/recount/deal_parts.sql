-- Every step split over its reps and products by largest remainder.

CREATE OR REPLACE TABLE step_lines AS
WITH steps AS (
    SELECT steps.source, steps.id, steps.step, deal.amount,
        CASE WHEN steps.reversal = -1 THEN deal.amount ELSE steps.reversal END AS reversed,
        CASE
            WHEN deal.lines IS NULL OR len(deal.lines) = 0
            THEN [{product_id: 'unspecified', amount: deal.amount}]
            ELSE deal.lines
        END AS lines
    FROM deal_steps AS steps
    JOIN deal_events AS deal
        ON deal.source = steps.source AND deal.id = steps.id AND deal.seq = steps.deal_seq
), lines AS (
    SELECT source, id, step, CAST(reversed AS HUGEINT) AS reversed,
        unnest(lines).product_id AS product_id,
        CAST(unnest(lines).amount AS HUGEINT) AS amount,
        generate_subscripts(lines, 1) AS line
    FROM steps
), shared AS (
    SELECT *,
        sum(amount) OVER deal AS total,
        CASE
            WHEN total > 0 THEN reversed * amount // total
            WHEN line = 1 THEN reversed
            ELSE 0
        END AS floor_part,
        CASE WHEN total > 0 THEN reversed * amount % total ELSE 0 END AS remainder
    FROM lines WINDOW deal AS (PARTITION BY source, id, step)
)
SELECT source, id, step, line, product_id, amount,
    floor_part + CASE
        WHEN row_number() OVER (
            PARTITION BY source, id, step ORDER BY remainder DESC, line
        ) <= reversed - sum(floor_part) OVER (PARTITION BY source, id, step)
        THEN 1 ELSE 0
    END AS reversed
FROM shared;

-- Each line's amount and its part of the reversal over the reps, ties to the lower rep.
CREATE OR REPLACE TABLE step_parts AS
WITH credited AS (
    SELECT lines.*, credits.rep_id,
        amount * bp // 10000 AS gross_floor, amount * bp % 10000 AS gross_remainder,
        reversed * bp // 10000 AS back_floor, reversed * bp % 10000 AS back_remainder
    FROM step_lines AS lines
    JOIN deal_steps AS steps USING (source, id, step)
    JOIN deal_credits AS credits
        ON credits.source = lines.source AND credits.id = lines.id
        AND credits.seq = steps.deal_seq
), parts AS (
    SELECT source, id, step, rep_id, product_id,
        gross_floor + CASE
            WHEN row_number() OVER (
                PARTITION BY source, id, step, line ORDER BY gross_remainder DESC, rep_id
            ) <= amount - sum(gross_floor) OVER (PARTITION BY source, id, step, line)
            THEN 1 ELSE 0
        END AS gross,
        back_floor + CASE
            WHEN row_number() OVER (
                PARTITION BY source, id, step, line ORDER BY back_remainder DESC, rep_id
            ) <= reversed - sum(back_floor) OVER (PARTITION BY source, id, step, line)
            THEN 1 ELSE 0
        END AS reversed
    FROM credited
)
SELECT source, id, step, rep_id, product_id, sum(gross) AS gross, sum(reversed) AS reversed
FROM parts GROUP BY source, id, step, rep_id, product_id;

-- Shares of each step in 1/10,000 of a deal; reversed as a count: by all, or by something that is
-- at least the amount.
CREATE OR REPLACE TABLE step_shares AS
SELECT steps.source, steps.id, steps.step, credits.rep_id, credits.bp,
    steps.reversal = -1 OR (steps.reversal > 0 AND steps.reversal >= deal.amount) AS is_out
FROM deal_steps AS steps
JOIN deal_events AS deal
    ON deal.source = steps.source AND deal.id = steps.id AND deal.seq = steps.deal_seq
JOIN deal_credits AS credits
    ON credits.source = steps.source AND credits.id = steps.id AND credits.seq = steps.deal_seq;
