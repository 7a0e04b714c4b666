-- Raw events of a rep's local day, for people to look at; those of entities in flight are not its.
WITH placed AS (
    SELECT e.*, local_day(zone_of(roster.entries, at_ms), at_ms) AS day
    FROM (
        SELECT 'call' AS kind, 'c' AS letter, at_partition, at_offset, source, id, rep_id, revision, at_ms, op FROM raw_calls
        UNION ALL
        SELECT 'survey', 's', at_partition, at_offset, source, id, rep_id, revision, at_ms, op FROM raw_surveys
        UNION ALL
        SELECT 'visit', 'v', at_partition, at_offset, source, id, rep_id, revision, at_ms, op FROM raw_visits
    ) AS e LEFT JOIN roster USING (rep_id)
    WHERE rep_id = $rep
), deals AS (
    SELECT DISTINCT source, id FROM contributions
    WHERE kind = 'd' AND rep_id = $rep AND day = CAST($date AS DATE)
)
SELECT kind, source, id, revision, at_ms, op, at_partition AS "partition", at_offset AS "offset"
FROM placed
ANTI JOIN (SELECT kind AS letter, rep_id, day, source, id FROM in_flight) AS flying
    USING (letter, rep_id, day, source, id)
WHERE day = CAST($date AS DATE)
UNION ALL
SELECT 'deal', source, id, revision, at_ms, op || ' ' || status, at_partition, at_offset
FROM raw_deals SEMI JOIN deals USING (source, id)
ORDER BY at_ms, source, id, revision;
