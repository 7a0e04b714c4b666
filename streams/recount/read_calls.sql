-- A file of call-ended records, one JSON object a line, into raw_calls.
INSERT INTO raw_calls
SELECT "partition", "offset", logged_ms, at_partition, at_offset, mark,
    source, call_id, rep_id, team_id,
    coalesce(op, 'upsert'), coalesce(revision, 0), instant_ms(occurred_at),
    direction, result, coalesce(answered_by, 'unknown'), instant_ms(answered_at),
    talk_ms, coalesce(hold_ms, 0), coalesce(wrap_ms, 0), disposition
FROM (
    SELECT "partition", "offset", logged_ms, at_partition, at_offset, mark, unnest(event)
    FROM read_json(
        $file, format = 'newline_delimited', ignore_errors = $lenient,
        columns = {
            "partition": 'INTEGER', "offset": 'BIGINT', logged_ms: 'BIGINT',
            at_partition: 'INTEGER', at_offset: 'BIGINT', mark: 'VARCHAR',
            event: 'STRUCT(
                source VARCHAR,
                call_id VARCHAR,
                rep_id VARCHAR,
                team_id VARCHAR,
                op VARCHAR,
                revision BIGINT,
                occurred_at VARCHAR,
                direction VARCHAR,
                result VARCHAR,
                answered_by VARCHAR,
                answered_at VARCHAR,
                talk_ms BIGINT,
                hold_ms BIGINT,
                wrap_ms BIGINT,
                disposition VARCHAR
            )'
        }
    )
);
