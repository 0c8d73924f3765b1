-- Stores what came of a batch of entries and acknowledges them (outputs.h).
--
-- KEYS  input, output, errors, state, lease
-- ARGV  the token of the lease; group; delete ("1": the entries, too); keep (0: never trim); name of the output's field
--       for the entry's id, and of that for the payload; how many entries; the id of the last one; how many are for the
--       errors; "1": only if no entry before the first, nor between it and the second, is pending; then of each, in the order of their ids: its id,
--       and "", the payload: an output of these two fields; "N", N names and values: an output of
--       id and these; "-N", N names and values: the same for the errors
-- Answer {done}: so many entries of the batch are done, now or before; {done, command, error}: the
--       command that was refused: those after the first `done` are pending still and have no output;
--       {-1}: the lease is another's, nothing was done; {-2}: an entry before them is pending, nothing was done. With no entries it is only asked whether they could be, by whoever has it.
--
-- Redis rolls nothing back. So the first write tells how far the group has come, as that can be set back: it is
-- refused for want of memory, if at all (Redis refuses for that only a script's first write). Then come the outputs,
-- and last the acknowledgement of all, whose refusal takes both back; that they can be taken back is made sure of first.
-- Entries whose group is gone are not stored either: they come again, where it is made anew, or where the stream comes back.
-- An entry behind the one that was done last has not been done. One before it, which somebody may have been
-- given late or once more, has not when it is pending.
if redis.replicate_commands then redis.replicate_commands() end -- Redis 6: what is read decides what is written

local input, output, errors, state, lease = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local token, group, delete, keep = ARGV[1], ARGV[2], ARGV[3] == '1', ARGV[4]
local id_name, payload_name, count = ARGV[5], ARGV[6], tonumber(ARGV[7])
local pcall, may, undo, first = redis.pcall, redis.acl_check_cmd, redis.call, 11

local held = pcall('GET', lease)
if type(held) == 'table' then return {0, 'GET', held.err} end
if count > 0 and (not held or string.sub(held, 1, #token) ~= token) then return {-1} end
if count > 0 and ARGV[10] == '1' then
  -- Somebody whose lease had ended may have been given what was before these, or, as a read that waited took the first of them alone
  -- (stream.h), what is between that and the second; the rest were given at once.
  local second = count > 1 and ARGV[first + 2 + (ARGV[first + 1] == '' and 1 or math.abs(tonumber(ARGV[first + 1])))] or ARGV[first]
  local lowest = pcall('XPENDING', input, group, '-', second, '2')
  if lowest.err then return {0, 'XPENDING', lowest.err} end
  for _, entry in ipairs(lowest) do
    if entry[1] ~= ARGV[first] and entry[1] ~= second then return {-2} end
  end
end
local before = pcall('HGET', state, 'done')
if type(before) == 'table' then return {0, 'HGET', before.err} end
before = before or '0-0'
if not string.find(before, '^%d+%-%d+$') then
  return {0, 'HGET', 'ERR The last done id is none: ' .. string.sub(before, 1, 64)}
end

-- What must not be refused later on. Redis 7 can be asked; Redis 6 is tried with what does nothing.
local step, why
local function need(command, key, ...)
  if may then
    if not may(command, key, ...) then
      why = 'NOPERM this user may not run ' .. command .. ' on ' .. key
    end
  else
    local reply = pcall(command, key, ...)
    why = type(reply) == 'table' and reply.err
  end
  return why and command
end
if not may then -- no id is so low: refused for that alone, if for nothing else
  why = pcall('XADD', output, '0-0', 'id', '0-0').err
  if not string.find(why, 'ID specified', 1, true) then return {0, 'XADD', why} end
  why = nil
end
step = need('XDEL', output, '0-0') or ARGV[9] ~= '0' and need('XDEL', errors, '0-0') or
       delete and need('XDEL', input, '0-0') or
       keep ~= '0' and need('XTRIM', output, 'MAXLEN', '~', keep)
if count == 0 and not step then -- only asked: for the rest, too
  step = may and (need('XADD', output, '*', 'id', '0-0') or need('XADD', errors, '*', 'id', '0-0')) or
         need('XDEL', errors, '0-0') or need('XACK', input, group, '0-0') or
         need('XPENDING', input, group, '0-0', '0-0', '1')
end
if step then return {0, step, why} end
if count == 0 then
  for _, try in ipairs({{'XACK', input, group, '0-0'}, {'XDEL', output, '0-0'}, {'XDEL', errors, '0-0'}}) do
    local reply = pcall(unpack(try))
    if type(reply) == 'table' then return {0, try[1] .. ' on ' .. try[2], reply.err} end
  end
end

-- Whether id a is behind b.
local function split(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return ms, seq
end
local function greater(a, b)
  if #a ~= #b then return #a > #b end
  return a > b
end
local done_ms, done_seq = split(before)
local function is_new(id)
  local ms, seq = split(id)
  if ms ~= done_ms then return greater(ms, done_ms) end
  return greater(seq, done_seq)
end

local last = ARGV[8]
if count == 0 or not is_new(last) then last = before end
if count > 0 and ARGV[10] ~= '1' then -- (else it was asked above) without its group (deleted, renamed away) nothing could be acknowledged, and XACK would not say so
  local there = pcall('XPENDING', input, group, '0-0', '0-0', '1')
  if there.err then return {0, 'XPENDING', there.err} end
end
local set = pcall('HSET', state, 'done', last) -- with nothing but what is late, too, for the reason above
if type(set) == 'table' then return {0, 'HSET', set.err} end
if count == 0 then return {0} end

-- The outputs.
local ids, made, is_error, done, reached = {}, {}, {}, 0, before
local all_new, at = is_new(ARGV[first]), first
for _ = 1, count do
  local id, kind = ARGV[at], ARGV[at + 1]
  local size = kind == '' and 1 or math.abs(tonumber(kind))
  local wanted, reply = all_new or is_new(id), nil
  if not wanted then
    reply = pcall('XPENDING', input, group, id, id, '1')
    if reply.err then
      step, why = 'XPENDING', reply.err
      break
    end
    wanted = #reply > 0
  end
  if wanted then
    if kind == '' then
      reply = pcall('XADD', output, '*', id_name, id, payload_name, ARGV[at + 2])
    else
      local to = string.sub(kind, 1, 1) == '-' and errors or output
      reply = pcall('XADD', to, '*', id_name, id, unpack(ARGV, at + 2, at + 1 + size))
      is_error[#ids + 1] = to == errors
    end
    if type(reply) == 'table' then
      step, why = 'XADD', reply.err
      break
    end
    ids[#ids + 1], made[#ids + 1] = id, reply
  end
  done, reached, at = done + 1, id, at + 2 + size
end
if step and last ~= before then undo('HSET', state, 'done', is_new(reached) and reached or before) end

-- Their entries.
if #ids > 0 then
  local reply = pcall('XACK', input, group, unpack(ids))
  if type(reply) == 'table' then
    for i = #made, 1, -1 do undo('XDEL', is_error[i] and errors or output, made[i]) end
    undo('HSET', state, 'done', before)
    return {0, 'XACK', reply.err}
  end
  if delete then undo('XDEL', input, unpack(ids)) end
  if keep ~= '0' then undo('XTRIM', output, 'MAXLEN', '~', keep) end
end
if step then return {done, step, why} end
return {done}
