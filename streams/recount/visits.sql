-- A visit adds nothing to the totals but its being taken back.
INSERT INTO contributions BY NAME
SELECT
    'v' AS kind, source, id, rep_id, team_id, day, at_ms,
    op = 'upsert' AS counts,
    CAST(op = 'retract' AS BIGINT) AS retracted
FROM latest('raw_visits', 'v');
