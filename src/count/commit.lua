#!lua
-- Commits batches: compares first, then applies all of them and moves their positions, in one step that nothing can come between.
--
-- KEYS     <prefix>pos:<topic>, <prefix>open:<topic>
-- ARGV     incarnation, top; n and n triples of field, expected and next position; pieces of n keys of posts that are unknown, closed by
--          n = 0; n and n pairs of the key and the revision of a known post; then operations to the end: letter, key, life, n, n
--          arguments. What a batch sends along for the outside is a letter as well (X: alerts).
--
-- Returns {'done'}, {'moved', position}, {'conflict'}, {'gone'} or {'torn'}.
--
-- Nothing is half done: every check stands before the first write; Redis refuses the whole script before it starts where it is out of memory,
-- a replica, short of replicas or cannot save (that is what `#!lua` without flags asks for); and the writes below cannot fail
-- on keys that hark has written.
local call, unpack, tonumber = redis.call, unpack, tonumber
local ARGV = ARGV
local incarnation, positions = ARGV[1], tonumber(ARGV[3])
local top, cut = tonumber(ARGV[2]), '-' .. ARGV[2] + 1 -- ranks 0 to cut are below the top

-- A batch raises `open` before its first write and lowers it after its last. It can be found raised only where Redis has applied a part of a batch:
-- an append-only file that ended inside of one, was loaded and written on, and is loaded again (Redis up to 7.2, valkey#4342).
local i = 4
for _ = 1, positions do
  if tonumber(call('HGET', KEYS[2], ARGV[i]) or '0') ~= 0 then return {'torn'} end
  local at = call('HMGET', KEYS[1], 'incarnation', ARGV[i])
  if at[1] ~= incarnation then return {'gone'} end
  if (at[2] or '') ~= ARGV[i + 1] then return {'moved', at[2] or ''} end
  i = i + 3
end

local unknown, left = i, 0 -- the next key of a new post, and how many follow it in its piece
local n = tonumber(ARGV[i])
while n > 0 do
  if call('EXISTS', unpack(ARGV, i + 1, i + n)) > 0 then return {'conflict'} end
  i = i + 1 + n
  n = tonumber(ARGV[i])
end
n = tonumber(ARGV[i + 1])
i = i + 2
for _ = 1, n do
  if call('HGET', ARGV[i], 'rev') ~= ARGV[i + 1] then return {'conflict'} end
  i = i + 2
end

-- A counter's life is the time at which it ends: past it there is nothing to add to or take from. It is set when a field is new, for then the key
-- may be new. 0: it is kept.
local now = tonumber(call('TIME')[1])
local function lives(life)
  return life == '0' or tonumber(life) > now
end
local function ends(key, life)
  if life ~= '0' then call('EXPIREAT', key, life) end
end

local apply = {}

-- Calls cost more than fields: from here on, reading and writing all at once is cheaper than one HINCRBY a field.
local MANY = 3

local function add_many(key, first, last)
  local names, n, known = {}, 0, false
  for j = first, last, 2 do
    n = n + 1
    names[n] = ARGV[j]
  end
  local have = call('HMGET', key, unpack(names))
  for j = 1, n do known = known or have[j] end
  if not known then
    call('HSET', key, unpack(ARGV, first, last))
    return true
  end
  local put, nput, gone, fresh = {}, 0, {}, false
  for j = 1, n do
    local by = ARGV[first + 2 * j - 1]
    local sum = have[j] and tonumber(have[j]) + tonumber(by) or by
    fresh = fresh or not have[j]
    if sum == 0 then
      gone[#gone + 1] = names[j]
    else
      put[nput + 1], put[nput + 2] = names[j], sum
      nput = nput + 2
    end
  end
  if nput > 0 then call('HSET', key, unpack(put)) end
  if #gone > 0 then call('HDEL', key, unpack(gone)) end
  return fresh
end

-- field, by: adds to a hash; no field at 0
function apply.H(key, life, first, last)
  if not lives(life) then return end
  local fresh = false
  if last - first + 1 >= 2 * MANY then
    fresh = add_many(key, first, last)
  else
    for j = first, last, 2 do
      local by = ARGV[j + 1]
      local n = call('HINCRBY', key, ARGV[j], by)
      if n == 0 then call('HDEL', key, ARGV[j]) elseif n == tonumber(by) then fresh = true end
    end
  end
  if fresh then ends(key, life) end
end

-- member, by: adds to a sorted set; no member at 0 or below (it may have been cut off); cut at `top` once there are twice as many
function apply.Z(key, life, first, last)
  if not lives(life) then return end
  local grown = false
  for j = first, last, 2 do
    local by = ARGV[j + 1]
    local n = tonumber(call('ZINCRBY', key, by, ARGV[j]))
    if n <= 0 then call('ZREM', key, ARGV[j]) elseif n == tonumber(by) then grown = true end
  end
  if not grown then return end
  ends(key, life)
  if call('ZCARD', key) > 2 * top then call('ZREMRANGEBYRANK', key, '0', cut) end
end

-- score, member: puts into a sorted set
function apply.A(key, life, first, last)
  if lives(life) and call('ZADD', key, unpack(ARGV, first, last)) > 0 then ends(key, life) end
end

-- score, member: the same, and keeps the `top` highest
function apply.B(key, life, first, last)
  apply.A(key, life, first, last)
  call('ZREMRANGEBYRANK', key, '0', cut)
end

-- member: removes from a sorted set
function apply.R(key, _, first, last)
  call('ZREM', key, unpack(ARGV, first, last))
end

-- element: adds to a HyperLogLog
function apply.L(key, life, first, last)
  if lives(life) and call('PFADD', key, unpack(ARGV, first, last)) == 1 then ends(key, life) end
end

-- member: adds to a set
function apply.S(key, _, first, last)
  call('SADD', key, unpack(ARGV, first, last))
end

-- field, value: an entry in a stream
function apply.G(key, _, first, last)
  call('XADD', key, '*', unpack(ARGV, first, last))
end

-- field, value: sets fields of a post, whose life, in seconds, starts again
function apply.T(key, life, first, last)
  call('HSET', key, unpack(ARGV, first, last))
  call('EXPIRE', key, life)
end

-- field, value: the same, in place of what was there
function apply.P(key, life, first, last)
  call('DEL', key)
  apply.T(key, life, first, last)
end

-- n, added, sum, fields and values (n of them all), for each new post in the order of the unknown keys
function apply.N(_, life, first, last)
  while first <= last do
    if left == 0 then
      left = tonumber(ARGV[unknown])
      unknown = unknown + 1
    end
    local key, stop = ARGV[unknown], first + tonumber(ARGV[first])
    unknown, left = unknown + 1, left - 1
    call('HSET', key, 'rev', '1', 'op', 'create', 'seen', '1', 'added', ARGV[first + 1], 'sum', ARGV[first + 2],
      unpack(ARGV, first + 3, stop))
    call('EXPIRE', key, life)
    first = stop + 1
  end
end

-- json: puts alerts into the stream of the latest ones, whose length stays about `life`
function apply.X(key, life, first, last)
  for j = first, last do call('XADD', key, 'MAXLEN', '~', life, '*', 'json', ARGV[j]) end
end

-- committed, latest: when something was last taken from the input, and the time of the newest post that was counted ('' where none was)
function apply.M(key, _, first)
  local latest = ARGV[first + 1]
  call('HSET', key, 'committed', ARGV[first])
  if latest > (call('HGET', key, 'latest') or '') then call('HSET', key, 'latest', latest) end
end

local function mark(by)
  for p = 4, 1 + 3 * positions, 3 do call('HINCRBY', KEYS[2], ARGV[p], by) end
end

local stop = #ARGV
local many = i < stop or positions > 1 -- else there is but one write
if many then mark('1') end
while i < stop do
  n = tonumber(ARGV[i + 3])
  apply[ARGV[i]](ARGV[i + 1], ARGV[i + 2], i + 4, i + 3 + n)
  i = i + 4 + n
end

for p = 4, 1 + 3 * positions, 3 do
  if ARGV[p + 2] ~= ARGV[p + 1] then call('HSET', KEYS[1], ARGV[p], ARGV[p + 2]) end
end
if many then mark('-1') end
return {'done'}
