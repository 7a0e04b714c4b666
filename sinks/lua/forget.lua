-- Removes reps that are shown under another id from now on, and every trace of the old one: leaderboard
-- places, and the change stream, whose entries name it. Readers find a gap and read everything anew.
--
-- KEYS  ranks, changes, changes:count, rank base, reps, their versions
-- ARGV  TTL in seconds, then the ids
-- Returns how many were there.

local RANKS, CHANGES, COUNT, RANK, REPS, VERSIONS = unpack(KEYS)

local gone, names = 0, redis.call("SMEMBERS", RANKS)
for i = 2, #ARGV do
  for _, name in ipairs(names) do redis.call("ZREM", RANK .. name, ARGV[i]) end
  redis.call("HDEL", VERSIONS, ARGV[i])
  gone = gone + redis.call("HDEL", REPS, ARGV[i])
end
if gone > 0 then
  redis.call("DEL", CHANGES)
  -- One number is left out, which is the gap.
  redis.call("XADD", CHANGES, "*", "n", redis.call("INCRBY", COUNT, 2))
  redis.call("EXPIRE", CHANGES, ARGV[1])
  redis.call("EXPIRE", COUNT, ARGV[1])
end
return gone
