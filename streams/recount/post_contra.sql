-- What each step changed: an increase of the net is gross, a decrease is reversed, at its instant.
CREATE OR REPLACE TABLE posted_money AS
WITH nets AS (
    SELECT source, id, step, at_ms, rep_id, product_id, coalesce(gross - reversed, 0) AS net
    FROM (SELECT DISTINCT source, id, rep_id, product_id FROM step_parts)
    JOIN deal_steps USING (source, id)
    LEFT JOIN step_parts USING (source, id, step, rep_id, product_id)
), changes AS (
    SELECT *,
        net - lag(net, 1, 0) OVER (PARTITION BY source, id, rep_id, product_id ORDER BY step)
            AS change
    FROM nets
)
SELECT source, id, step, rep_id, product_id, at_ms,
    greatest(change, 0) AS gross, greatest(-change, 0) AS reversed
FROM changes;

CREATE OR REPLACE TABLE posted_shares AS
WITH nets AS (
    SELECT source, id, step, at_ms, rep_id,
        CASE WHEN bp IS NULL OR is_out THEN 0 ELSE bp END AS net
    FROM (SELECT DISTINCT source, id, rep_id FROM step_shares)
    JOIN deal_steps USING (source, id)
    LEFT JOIN step_shares USING (source, id, step, rep_id)
), changes AS (
    SELECT *,
        net - lag(net, 1, 0) OVER (PARTITION BY source, id, rep_id ORDER BY step) AS change
    FROM nets
)
SELECT source, id, step, rep_id, at_ms,
    greatest(change, 0) AS gross_bp, greatest(-change, 0) AS reversed_bp
FROM changes;
