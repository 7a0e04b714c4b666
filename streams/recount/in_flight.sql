-- Which entities are left out: those with an event at or behind the cut of its partition, which are
-- in flight, and those of which events are no longer retained.
DELETE FROM in_flight;
INSERT INTO in_flight
SELECT DISTINCT 'c', rep_id, day, source, id FROM behind_cut('raw_calls', 'c')
UNION ALL
SELECT DISTINCT 's', rep_id, day, source, id FROM behind_cut('raw_surveys', 's')
UNION ALL
SELECT DISTINCT 'v', rep_id, day, source, id FROM behind_cut('raw_visits', 'v')
UNION ALL
SELECT DISTINCT 'd', NULL, NULL, source, id FROM behind_cut('raw_deals', 'd')
UNION
SELECT kind, rep_id, day, source, id FROM not_retained;
