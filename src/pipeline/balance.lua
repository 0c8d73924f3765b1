-- One beat of a member, or its leave: shares out the partitions among those that are alive (balance.h).
--
-- KEYS  the members' hash
-- ARGV  the member; for how many ms it counts as alive, "0": it leaves; how many partitions; its terms (terms.h), "": any; the ms
--       from now on within which every end lies
-- Answer {members that are alive, the numbers of those that are this member's ...}; {-1, command, error}: that was refused;
--       {-2, terms, end}: those of the others, which are alive, so that it is none of them, and when the last of
--       them ends if it beats no more.
--
-- The hash decides, so that all see one order of things; it is written before it is answered, and a refusal of a later write is mended
-- by the next beat of anybody, as all is computed anew each time.
if redis.replicate_commands then redis.replicate_commands() end -- Redis 6: the time decides what is written

local key, me, alive_ms, count, terms, within_ms = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])

local function try(...)
  local reply = redis.pcall(...)
  local err = type(reply) == 'table' and reply.err
  return not err and reply, err and {-1, (...), err}
end

local time, why = try('TIME')
if why then return why end
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local all
all, why = try('HGETALL', key)
if why then return why end

-- Who is alive; one whose end lies far off, as the clock went back, is not, and comes again with its next beat.
local alive, owner, was, gone, theirs = {}, {}, {}, {}, nil
for i = 1, #all, 2 do
  local kind, name = string.sub(all[i], 1, 2), string.sub(all[i], 3)
  if kind == 'm:' then
    local ends = tonumber(all[i + 1]) or 0
    alive[name] = ends > now and ends <= now + within_ms and ends or nil
    if not alive[name] and name ~= me then gone[#gone + 1] = all[i] end
  elseif kind == 'p:' then
    was[tonumber(name) or -1] = all[i + 1]
  elseif all[i] == 'terms' then
    theirs = all[i + 1]
  end
end
alive[me] = nil
if alive_ms > 0 and terms ~= '' and theirs and theirs ~= terms and next(alive) then
  local last = 0
  for name in pairs(alive) do last = math.max(last, alive[name]) end
  return {-2, theirs, last}
end
alive[me] = alive_ms > 0 and now + alive_ms or nil
if not alive[me] then gone[#gone + 1] = 'm:' .. me end

-- What each has, and what is nobody's.
local names, load = {}, {}
for name in pairs(alive) do
  names[#names + 1] = name
  load[name] = {}
end
local function give(k, name)
  owner[k] = name
  load[name][#load[name] + 1] = k
end
for k = 0, count - 1 do
  if alive[was[k] or ''] then give(k, was[k]) end
end

-- The shares: who has most keeps one more where it does not come out even.
table.sort(names, function(a, b)
  if #load[a] ~= #load[b] then return #load[a] > #load[b] end
  return a < b
end)
local free, share = {}, {}
for i, name in ipairs(names) do
  share[name] = math.floor(count / #names) + (i <= count % #names and 1 or 0)
  while #load[name] > share[name] do owner[table.remove(load[name])] = nil end
end
for k = 0, count - 1 do
  if not owner[k] then free[#free + 1] = k end
end
for _, name in ipairs(names) do
  while #load[name] < share[name] do give(table.remove(free, 1), name) end
end

local _
if #names == 0 then
  _, why = try('DEL', key)
  return why or {0}
end
local set = {}
if alive[me] then set = {'m:' .. me, string.format('%d', now + alive_ms)} end
if alive[me] and terms ~= '' and theirs ~= terms then
  set[3], set[4] = 'terms', terms
end
for k = 0, count - 1 do
  if was[k] ~= owner[k] then
    set[#set + 1] = 'p:' .. k
    set[#set + 1] = owner[k]
  end
end
if #set > 0 then
  _, why = try('HSET', key, unpack(set))
  if why then return why end
end
_, why = try('HDEL', key, '', unpack(gone)) -- also of none, to know that it may be done
if why then return why end
_, why = try('PEXPIRE', key, '60000')
if why then return why end
local answer = {#names}
for k = 0, count - 1 do
  if owner[k] == me then answer[#answer + 1] = k end
end
return answer
