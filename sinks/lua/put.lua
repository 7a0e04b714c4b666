-- Takes a part of a batch: every snapshot whose version is larger than the held one replaces it,
-- together with its leaderboard places and its entry in the change stream, in one step that no
-- other writer can come between.
--
-- KEYS  layout, ranks, changes, changes:count, rank base, then for reps, partials, freshness and
--       status the hash and the hash of its versions
-- ARGV  layout version, new epoch, TTL in seconds, entries kept of the change stream, number of
--       rank names and so many names, then for each snapshot: kind (0-3), field, version a,
--       version b, JSON, number of ranks, and so many times the number of a name and a score
-- Returns the epoch that holds, and how many snapshots were taken.

local LAYOUT, RANKS, CHANGES, COUNT, RANK = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local NAMES = { "reps", "partials", "freshness", "status" }
local ttl, kept, named = ARGV[3], ARGV[4], tonumber(ARGV[5])

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

-- Puts reps into the rank sets they are in now and takes them out of all others: yesterday's
-- currency, say. Each set is written once for all reps, for a call costs more than what it does.
local function rank(placed)
  local known, adds, gone = redis.call("SMEMBERS", RANKS), {}, {}
  for n = 6, 5 + named do known[#known + 1] = ARGV[n] end
  for _, name in ipairs(known) do adds[name], gone[name] = {}, {} end
  for rep, at in pairs(placed) do
    local now = {}
    for i = at + 1, at + 2 * tonumber(ARGV[at]), 2 do
      local name = ARGV[5 + tonumber(ARGV[i])]
      local add = adds[name]
      add[#add + 1] = ARGV[i + 1]
      add[#add + 1] = rep
      now[name] = true
    end
    for name, out in pairs(gone) do
      if not now[name] then out[#out + 1] = rep end
    end
  end
  for name, out in pairs(gone) do
    if #out > 0 then redis.call("ZREM", RANK .. name, unpack(out)) end
    local add = adds[name]
    if #add > 0 then
      redis.call("ZADD", RANK .. name, unpack(add))
      redis.call("EXPIRE", RANK .. name, ttl)
      redis.call("SADD", RANKS, name)
    end
  end
end

local changed = { {}, {}, {}, {} }
local placed, taken, i = {}, 0, 6 + named
while i <= #ARGV do
  local kind, field = tonumber(ARGV[i]) + 1, ARGV[i + 1]
  local held, versions = KEYS[4 + 2 * kind], KEYS[5 + 2 * kind]
  local ranks = tonumber(ARGV[i + 5])
  if older(redis.call("HGET", versions, field), tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])) then
    redis.call("HSET", held, field, ARGV[i + 4])
    redis.call("HSET", versions, field, ARGV[i + 2] .. " " .. ARGV[i + 3])
    if kind == 1 then placed[field] = i + 5 end
    local list = changed[kind]
    list[#list + 1] = field
    taken = taken + 1
  end
  i = i + 6 + 2 * ranks
end

if next(placed) then rank(placed) end
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
