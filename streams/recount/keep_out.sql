-- Entities that rest on events which are no longer retained: those of a file, one object a line, and
-- deals that name an instant up to five minutes behind the last removed event.
INSERT INTO not_retained
SELECT DISTINCT kind[1], rep_id, CAST(date AS DATE), source, id
FROM read_json(
    $file, format = 'newline_delimited',
    columns = {kind: 'VARCHAR', rep_id: 'VARCHAR', date: 'VARCHAR', source: 'VARCHAR', id: 'VARCHAR'}
)
UNION
SELECT DISTINCT 'd', NULL, NULL, source, id FROM raw_deals
WHERE least(at_ms, closed_ms) <= $removed_ms + 300000;
