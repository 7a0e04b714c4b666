-- csat: satisfied at scale_max - 1 and above on a scale of 4 points or more, else at scale_max only;
-- the rating is rescaled to 1-5 and kept in 1/10,000, halves up. nps: on a scale of 0-10 only,
-- 9-10 promote, 0-6 detract. Scores and scales are taken in 1/1,000.
INSERT INTO contributions BY NAME
WITH judged AS (
    SELECT
        *,
        op = 'upsert' AS stands,
        op = 'upsert' AND metric = 'csat' AS csat,
        whole(score, 1000) AS score_e3,
        whole(scale_min, 1000) AS low_e3,
        whole(scale_max, 1000) AS high_e3,
        high_e3 - low_e3 AS width_e3,
        op = 'upsert' AND metric = 'nps' AND low_e3 = 0 AND high_e3 = 10000 AS nps
    FROM latest('raw_surveys', 's')
)
SELECT
    's' AS kind, source, id, rep_id, team_id, day, at_ms,
    stands AS counts,
    CAST(stands AS BIGINT) AS surveys,
    CAST(csat AS BIGINT) AS csat_responses,
    CAST(
        csat AND score_e3 >= CASE WHEN width_e3 >= 3000 THEN high_e3 - 1000 ELSE high_e3 END
        AS BIGINT
    ) AS csat_satisfied,
    CASE
        WHEN csat THEN 10000 + (80000 * (score_e3 - low_e3) + width_e3) // (2 * width_e3)
        ELSE 0
    END AS csat_rating_e4,
    CAST(nps AND score_e3 >= 9000 AS BIGINT) AS nps_promoters,
    CAST(nps AND score_e3 > 6000 AND score_e3 < 9000 AS BIGINT) AS nps_passives,
    CAST(nps AND score_e3 <= 6000 AS BIGINT) AS nps_detractors,
    CAST(NOT stands AS BIGINT) AS retracted
FROM judged;
