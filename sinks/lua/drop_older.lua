-- Removes partials below a version: teams and sites that a rebuild has done away with, which nobody
-- would ever write again. Readers find a gap in the change stream and read everything anew.
--
-- KEYS  partials, their versions, changes:count
-- ARGV  the lowest first part of a version that stays
-- Returns how many were removed.

local gone, all = 0, redis.call("HGETALL", KEYS[2])
for i = 1, #all, 2 do
  if tonumber(all[i + 1]:match("^(%d+) ")) < tonumber(ARGV[1]) then
    redis.call("HDEL", KEYS[1], all[i])
    redis.call("HDEL", KEYS[2], all[i])
    gone = gone + 1
  end
end
if gone > 0 then redis.call("INCR", KEYS[3]) end
return gone
