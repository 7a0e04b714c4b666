-- dials: outbound. answered: result answered. human: answered, and not by machine or fax (unknown
-- counts as human). short: human with talk under 10 s. contact: human, not short, and disposition
-- absent, unmapped, or mapped to contact, positive or negative. Times are of human calls only; talk
-- that is worked out is at most 2^32 - 1 ms.
INSERT INTO contributions BY NAME
WITH judged AS (
    SELECT
        calls.*,
        op = 'upsert' AS stands,
        direction = 'outbound' AS outbound,
        result = 'answered' AS was_answered,
        result = 'answered' AND answered_by NOT IN ('machine', 'fax') AS human,
        CASE
            WHEN calls.talk_ms IS NOT NULL THEN calls.talk_ms
            WHEN answered_ms IS NOT NULL THEN
                least(4294967295, greatest(0, at_ms - answered_ms - calls.hold_ms))
            ELSE 0
        END AS talk,
        dispositions.code IS NULL OR makes_contact AS may_be_contact
    FROM latest('raw_calls', 'c') AS calls
    LEFT JOIN dispositions ON dispositions.code = calls.disposition
)
SELECT
    'c' AS kind, source, id, rep_id, team_id, day, at_ms,
    stands AS counts,
    CAST(stands AND outbound AS BIGINT) AS dials,
    CAST(stands AND was_answered AS BIGINT) AS answered,
    CAST(stands AND human AS BIGINT) AS human_answered,
    CAST(stands AND human AND outbound AS BIGINT) AS human_answered_outbound,
    CAST(stands AND human AND talk >= 10000 AND may_be_contact AS BIGINT) AS contacts,
    CAST(stands AND human AND talk >= 10000 AND may_be_contact AND outbound AS BIGINT)
        AS contacts_outbound,
    CAST(stands AND human AND talk < 10000 AS BIGINT) AS short_calls,
    CASE WHEN stands AND human THEN talk ELSE 0 END AS talk_ms,
    CASE WHEN stands AND human THEN hold_ms ELSE 0 END AS hold_ms,
    CASE WHEN stands AND human THEN wrap_ms ELSE 0 END AS wrap_ms,
    CAST(NOT stands AS BIGINT) AS retracted
FROM judged;
