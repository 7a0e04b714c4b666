-- One step a deal: gross and reversed both stand at its instant.
CREATE OR REPLACE TABLE posted_money AS
SELECT source, id, step, rep_id, product_id, at_ms, gross, reversed
FROM step_parts JOIN deal_steps USING (source, id, step);

CREATE OR REPLACE TABLE posted_shares AS
SELECT source, id, step, rep_id, at_ms, bp AS gross_bp, CASE WHEN is_out THEN bp ELSE 0 END AS reversed_bp
FROM step_shares JOIN deal_steps USING (source, id, step);
