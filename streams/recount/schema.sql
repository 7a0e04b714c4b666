-- Raw events as they stand in the topics (partition, offset and log time are those of their first
-- place; at_* where they lie, mark which sending out of a dead letter it is, if any), the plan, and the two rules that everything shares:
-- which local day an instant belongs to, and which version of an event holds.

CREATE TABLE raw_calls (
    "partition" INTEGER, "offset" BIGINT, logged_ms BIGINT,
    at_partition INTEGER, at_offset BIGINT, mark VARCHAR,
    source VARCHAR, id VARCHAR, rep_id VARCHAR, team_id VARCHAR,
    op VARCHAR, revision BIGINT, at_ms BIGINT,
    direction VARCHAR, result VARCHAR, answered_by VARCHAR, answered_ms BIGINT,
    talk_ms BIGINT, hold_ms BIGINT, wrap_ms BIGINT, disposition VARCHAR
);

CREATE TABLE raw_surveys (
    "partition" INTEGER, "offset" BIGINT, logged_ms BIGINT,
    at_partition INTEGER, at_offset BIGINT, mark VARCHAR,
    source VARCHAR, id VARCHAR, rep_id VARCHAR, team_id VARCHAR,
    op VARCHAR, revision BIGINT, at_ms BIGINT,
    metric VARCHAR, score DOUBLE, scale_min DOUBLE, scale_max DOUBLE
);

CREATE TABLE raw_visits (
    "partition" INTEGER, "offset" BIGINT, logged_ms BIGINT,
    at_partition INTEGER, at_offset BIGINT, mark VARCHAR,
    source VARCHAR, id VARCHAR, rep_id VARCHAR, team_id VARCHAR,
    op VARCHAR, revision BIGINT, at_ms BIGINT
);

CREATE TABLE raw_deals (
    "partition" INTEGER, "offset" BIGINT, logged_ms BIGINT,
    at_partition INTEGER, at_offset BIGINT, mark VARCHAR,
    source VARCHAR, id VARCHAR, rep_id VARCHAR, team_id VARCHAR,
    op VARCHAR, revision BIGINT, at_ms BIGINT,
    status VARCHAR, closed_ms BIGINT, currency VARCHAR, amount BIGINT, reversed BIGINT,
    lines STRUCT(product_id VARCHAR, amount BIGINT)[],
    credits STRUCT(rep_id VARCHAR, team_id VARCHAR, share DOUBLE)[],
    is_new_customer BOOLEAN
);

-- One row per rep: its entries by date. An entry holds from the moment `first` begins in its own zone
-- to the moment `until` begins: in the zone of the next entry if that starts there, else in its own.
CREATE TABLE roster (
    rep_id VARCHAR PRIMARY KEY,
    entries STRUCT(
        team_id VARCHAR, "zone" VARCHAR, "first" DATE, until DATE, until_zone VARCHAR
    )[]
);

CREATE TABLE dispositions (code VARCHAR PRIMARY KEY, makes_contact BOOLEAN);

-- What one entity adds to a rep on one local day, money apart. Rows of zeros are kept: they say
-- which days there are.
CREATE TABLE contributions (
    kind VARCHAR, source VARCHAR, id VARCHAR, rep_id VARCHAR, team_id VARCHAR,
    day DATE, at_ms BIGINT, counts BOOLEAN,
    dials BIGINT DEFAULT 0, answered BIGINT DEFAULT 0, human_answered BIGINT DEFAULT 0,
    human_answered_outbound BIGINT DEFAULT 0, contacts BIGINT DEFAULT 0,
    contacts_outbound BIGINT DEFAULT 0, short_calls BIGINT DEFAULT 0,
    talk_ms BIGINT DEFAULT 0, hold_ms BIGINT DEFAULT 0, wrap_ms BIGINT DEFAULT 0,
    deals_gross_bp BIGINT DEFAULT 0, deals_reversed_bp BIGINT DEFAULT 0,
    new_customers_bp BIGINT DEFAULT 0,
    surveys BIGINT DEFAULT 0, csat_responses BIGINT DEFAULT 0, csat_satisfied BIGINT DEFAULT 0,
    csat_rating_e4 BIGINT DEFAULT 0,
    nps_promoters BIGINT DEFAULT 0, nps_passives BIGINT DEFAULT 0, nps_detractors BIGINT DEFAULT 0,
    retracted BIGINT DEFAULT 0
);


CREATE MACRO local_day(zone_name, instant_ms) AS
    CAST(timezone(zone_name, make_timestamptz(instant_ms * 1000)) AS DATE);

-- The zone of the roster entry that holds at that instant.
CREATE MACRO zone_of(entries, instant_ms) AS coalesce(
    list_filter(
        entries,
        lambda e: local_day(e.zone, instant_ms) >= e.first
              AND local_day(e.until_zone, instant_ms) < e.until
    )[1].zone,
    getvariable('default_zone')
);

-- Where each partition is cut: entities with an event at or behind that offset are in flight and
-- are not counted. A partition without a cut is counted whole.
CREATE TABLE cut (kind VARCHAR, "partition" INTEGER, "offset" BIGINT);

-- The entities in flight: a call, survey or visit on its rep's day; a deal whosever and whenever.
CREATE TABLE in_flight (kind VARCHAR, rep_id VARCHAR, day DATE, source VARCHAR, id VARCHAR);

-- Entities that rest on events which are no longer retained, named in the same way: left out like
-- those in flight.
CREATE TABLE not_retained (kind VARCHAR, rep_id VARCHAR, day DATE, source VARCHAR, id VARCHAR);

-- Events of a table at or behind the cut, on their local day.
CREATE MACRO behind_cut(raw_table, letter) AS TABLE
    SELECT e.*, local_day(zone_of(roster.entries, e.at_ms), e.at_ms) AS day
    FROM (
        SELECT raw.* FROM query_table(raw_table) AS raw JOIN cut ON cut."partition" = at_partition
        WHERE cut.kind = letter AND at_offset >= cut."offset"
    ) AS e LEFT JOIN roster USING (rep_id);

-- Calls, surveys and visits on their local day, the version that holds of each: identity is source
-- and id within a rep's day, and the greatest (revision, log time, offset) holds.
CREATE MACRO latest(raw_table, letter) AS TABLE
    SELECT * FROM (
        SELECT e.*, local_day(zone_of(roster.entries, e.at_ms), e.at_ms) AS day
        FROM query_table(raw_table) AS e LEFT JOIN roster USING (rep_id)
    )
    ANTI JOIN (SELECT * FROM in_flight WHERE kind = letter) USING (rep_id, day, source, id)
    QUALIFY row_number() OVER (
        PARTITION BY rep_id, day, source, id
        ORDER BY revision DESC, logged_ms DESC, "offset" DESC
    ) = 1;

-- RFC 3339 to milliseconds, null when it is none. Seven and more decimals round to microseconds, as most readers do.
CREATE MACRO instant_ms(written) AS (
    epoch_us(TRY_CAST(upper(written) AS TIMESTAMPTZ))
    + CASE WHEN length(written) > 27 AND regexp_extract(written, '\.\d{6}(\d)', 1) >= '5'
           THEN 1 ELSE 0 END
) // 1000;

-- A share, score or scale to a whole number of 1/`parts`, halves away from zero.
CREATE MACRO whole(number, parts) AS
    CAST(sign(number) * floor(abs(number) * parts + 0.5) AS BIGINT);
