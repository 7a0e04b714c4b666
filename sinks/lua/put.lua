-- Takes a part of a batch: every snapshot whose version is larger than the held one replaces it,
-- together with its leaderboard places and its entry in the change stream, in one step that no
-- other writer can come between.
--
-- KEYS  layout, ranked, changes, changes:count, rank base, then for reps, partials, freshness and
--       status the hash and the hash of its versions
-- ARGV  layout version, new epoch, TTL in seconds, entries kept of the change stream, then for each
--       snapshot: kind (0-3), field, version a, version b, JSON, number of ranks, and so many times
--       rank name and score
-- Returns the epoch that holds, and how many snapshots were taken.

local LAYOUT, RANKED, CHANGES, COUNT, RANK = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local NAMES = { "reps", "partials", "freshness", "status" }
local ttl, kept = ARGV[3], ARGV[4]

local found = redis.call("GET", LAYOUT)
if not found then
  found = ARGV[1] .. " " .. ARGV[2]
  redis.call("SET", LAYOUT, found)
end
local layout, epoch = found:match("^(%d+) (.+)$")
if layout ~= ARGV[1] then
  return redis.error_reply("LAYOUT " .. tostring(found))
end

local function older(have, a, b)
  if not have then return true end
  local x, y = have:match("^(%d+) (%d+)$")
  x, y = tonumber(x), tonumber(y)
  return x < a or (x == a and y < b)
end

-- Rank sets of a rep that it is no longer in are emptied of it: a currency of yesterday, say.
local function place(rep, at, count)
  local old, now, names = redis.call("HGET", RANKED, rep), {}, {}
  for i = at, at + 2 * count - 1, 2 do
    redis.call("ZADD", RANK .. ARGV[i], ARGV[i + 1], rep)
    redis.call("EXPIRE", RANK .. ARGV[i], ttl)
    now[ARGV[i]] = true
    names[#names + 1] = ARGV[i]
  end
  if old then
    for name in old:gmatch("[^,]+") do
      if not now[name] then redis.call("ZREM", RANK .. name, rep) end
    end
  end
  redis.call("HSET", RANKED, rep, table.concat(names, ","))
end

local changed = { {}, {}, {}, {} }
local taken, i = 0, 5
while i <= #ARGV do
  local kind, field = tonumber(ARGV[i]) + 1, ARGV[i + 1]
  local held, versions = KEYS[4 + 2 * kind], KEYS[5 + 2 * kind]
  local ranks = tonumber(ARGV[i + 5])
  if older(redis.call("HGET", versions, field), tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])) then
    redis.call("HSET", held, field, ARGV[i + 4])
    redis.call("HSET", versions, field, ARGV[i + 2] .. " " .. ARGV[i + 3])
    if kind == 1 then place(field, i + 6, ranks) end
    local list = changed[kind]
    list[#list + 1] = field
    taken = taken + 1
  end
  i = i + 6 + 2 * ranks
end

if taken > 0 then
  local entry = { "n", redis.call("INCR", COUNT) }
  for kind = 1, 4 do
    if #changed[kind] > 0 then
      entry[#entry + 1] = NAMES[kind]
      entry[#entry + 1] = cjson.encode(changed[kind])
    end
  end
  redis.call("XADD", CHANGES, "MAXLEN", "~", kept, "*", unpack(entry))
end
-- A repeated batch keeps keys alive too: its owner is there and has nothing newer to say.
for n = 1, #KEYS do
  if n ~= 5 then redis.call("EXPIRE", KEYS[n], ttl) end
end
return { epoch, taken }
