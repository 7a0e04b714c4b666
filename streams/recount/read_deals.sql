-- A file of deal-closed records, one JSON object a line, into raw_deals.
INSERT INTO raw_deals
SELECT "partition", "offset", logged_ms, at_partition, at_offset, mark,
    source, deal_id, rep_id, team_id,
    coalesce(op, 'upsert'), coalesce(revision, instant_ms(occurred_at)), instant_ms(occurred_at),
    status, instant_ms(closed_at), currency, amount_minor, reversed_minor,
    [{product_id: line.product_id, amount: line.amount_minor} FOR line IN lines], credits,
    coalesce(is_new_customer, false)
FROM (
    SELECT "partition", "offset", logged_ms, at_partition, at_offset, mark, unnest(event)
    FROM read_json(
        $file, format = 'newline_delimited', ignore_errors = $lenient,
        columns = {
            "partition": 'INTEGER', "offset": 'BIGINT', logged_ms: 'BIGINT',
            at_partition: 'INTEGER', at_offset: 'BIGINT', mark: 'VARCHAR',
            event: 'STRUCT(
                source VARCHAR,
                deal_id VARCHAR,
                rep_id VARCHAR,
                team_id VARCHAR,
                op VARCHAR,
                revision BIGINT,
                occurred_at VARCHAR,
                status VARCHAR,
                closed_at VARCHAR,
                currency VARCHAR,
                amount_minor BIGINT,
                reversed_minor BIGINT,
                lines STRUCT(product_id VARCHAR, amount_minor BIGINT)[],
                credits STRUCT(rep_id VARCHAR, team_id VARCHAR, share DOUBLE)[],
                is_new_customer BOOLEAN
            )'
        }
    )
);
