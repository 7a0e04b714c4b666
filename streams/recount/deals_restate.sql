-- restate: everything on the close, as it is known now.
INSERT INTO deal_steps
SELECT source, id, 1, closed_ms, deal_seq, reversal FROM deals_now;
