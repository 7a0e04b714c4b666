-- Takes all alerts in place of those held, unless those are of somebody who has heard more. Who has
-- heard less keeps them no longer: when topics were made anew nobody ever hears as much again, and
-- they have to go.
--
-- KEYS  the hash of the alerts
-- ARGV  position, moment, TTL in seconds, entries (JSON); without entries only the TTL is renewed
-- Returns 1 when entries of that version or a later one are held, 0 when they have to be sent.

local held = redis.call("HGET", KEYS[1], "version")
if held then
  local position, moment = held:match("^(%d+) (%d+)$")
  position, moment = tonumber(position), tonumber(moment)
  local a, b = tonumber(ARGV[1]), tonumber(ARGV[2])
  if position > a or (position == a and moment >= b) then
    if position == a then redis.call("EXPIRE", KEYS[1], ARGV[3]) end
    return 1
  end
end
if not ARGV[4] then return 0 end
redis.call("HSET", KEYS[1], "version", ARGV[1] .. " " .. ARGV[2], "entries", ARGV[4])
redis.call("EXPIRE", KEYS[1], ARGV[3])
return 1
