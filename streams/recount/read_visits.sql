-- A file of visit-logged records, one JSON object a line, into raw_visits.
INSERT INTO raw_visits
SELECT "partition", "offset", logged_ms, at_partition, at_offset, mark,
    source, visit_id, rep_id, team_id,
    coalesce(op, 'upsert'), coalesce(revision, 0), instant_ms(occurred_at)
FROM (
    SELECT "partition", "offset", logged_ms, at_partition, at_offset, mark, unnest(event)
    FROM read_json(
        $file, format = 'newline_delimited', ignore_errors = $lenient,
        columns = {
            "partition": 'INTEGER', "offset": 'BIGINT', logged_ms: 'BIGINT',
            at_partition: 'INTEGER', at_offset: 'BIGINT', mark: 'VARCHAR',
            event: 'STRUCT(
                source VARCHAR,
                visit_id VARCHAR,
                rep_id VARCHAR,
                team_id VARCHAR,
                op VARCHAR,
                revision BIGINT,
                occurred_at VARCHAR
            )'
        }
    )
);
