-- Removes partials that their owner says no more: of a team that nobody is in since the plan was
-- changed, say. An owner says each of its partials again every 15 minutes, so one that is far older
-- than the newest of its partition is none of its. Its version stays: a worker that slept all the
-- while must not bring back what is older still. Readers find a gap and read everything anew.
--
-- KEYS  partials, their versions, changes:count
-- ARGV  how much older, in milliseconds
-- Returns how many were removed.

local all, newest, at = redis.call("HGETALL", KEYS[2]), {}, {}
for i = 1, #all, 2 do
  local partition = all[i]:match("^%a+:(%d+):")
  at[i] = { partition, tonumber(all[i + 1]:match(" (%d+)$")) }
  newest[partition] = math.max(newest[partition] or 0, at[i][2])
end

local gone = 0
for i = 1, #all, 2 do
  if at[i][2] < newest[at[i][1]] - tonumber(ARGV[1]) then
    gone = gone + redis.call("HDEL", KEYS[1], all[i])
  end
end
if gone > 0 then redis.call("INCR", KEYS[3]) end
return gone
