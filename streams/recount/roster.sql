-- The plan's roster, an object per entry, into one row per rep.
INSERT INTO roster
WITH entries AS (
    SELECT entry->>'rep' AS rep_id, entry->>'team' AS team_id, entry->>'zone' AS zone_name,
        CAST(entry->>'first' AS DATE) AS "first", CAST(entry->>'until' AS DATE) AS until
    FROM (SELECT unnest(CAST($entries AS JSON[])) AS entry)
), turns AS (
    SELECT *, CASE
        WHEN until = lead("first") OVER own THEN lead(zone_name) OVER own ELSE zone_name
    END AS until_zone
    FROM entries WINDOW own AS (PARTITION BY rep_id ORDER BY "first")
)
SELECT rep_id, list({
    team_id: team_id, "zone": zone_name, "first": "first", until: until, until_zone: until_zone
} ORDER BY "first")
FROM turns GROUP BY rep_id;
