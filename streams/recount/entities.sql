-- What each entity adds to a rep's local day, with the team it would give the day if it were alone.
SELECT contributions.* EXCLUDE (team_id),
    coalesce(
        list_filter(roster.entries, lambda e: day >= e.first AND day < e.until)[1].team_id,
        CASE WHEN counts THEN nullif(contributions.team_id, '') END,
        'unassigned'
    ) AS team_id
FROM contributions LEFT JOIN roster USING (rep_id)
WHERE rep_id = $rep AND day = CAST($date AS DATE);
