-- Stores the verdicts of a batch and takes their messages off the stream (verdict.h). verdict.c puts a
-- line before this that sets names (of a verdict's fields), always (so many of them are always there,
-- those after them are left out when empty) and latency (which of them that is).
--
-- KEYS  messages, verdicts; to bury one message with its verdict also dead letters, strikes
-- ARGV  group; keep (0: never trim); then the fields of each verdict: first the id of its message; the
--       latency's brings the time when the message was added (0: that of its id). To bury: one verdict,
--       then the names and values of the dead letter
-- Answer {stored}, or {stored, command, error}: the command that was refused. Then each message of the
--       batch either has its verdict and is gone, or is pending still and has none.
--
-- Redis rolls nothing back. So the deletions, of the message at the end and of a verdict whose message
-- cannot be acknowledged, are made sure of before the first write. That is an XADD, as Redis refuses
-- for want of memory only a script's first write. XACK tells whether the message was pending: of the
-- verdicts of one message the first stays.
if redis.replicate_commands then redis.replicate_commands() end -- Redis 6: TIME comes before writes

local messages, verdicts, group, keep = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local dead, strikes, count = KEYS[3], KEYS[4], #ARGV
local pcall, may, width = redis.pcall, redis.acl_check_cmd, #names
if dead then count = 2 + width end

-- What must not be refused later on. Redis 7 can be asked; Redis 6 is tried with what does nothing.
local step, why
local function need(command, key, ...)
  if not may then
    local reply = pcall(command, key, ...)
    why = type(reply) == 'table' and reply.err
  elseif not may(command, key, ...) then
    why = 'NOPERM this user may not run ' .. command .. ' on ' .. key
  end
  return why and command
end
if not may then -- no id is so low: refused for that alone, if for nothing else
  why = pcall('XADD', verdicts, '0-0', 'id', '0-0').err
  if not string.find(why, 'ID specified', 1, true) then return {0, 'XADD', why} end
end
step = need('XDEL', messages, '0-0') or need('XDEL', verdicts, '0-0') or
       keep ~= '0' and need('XTRIM', verdicts, 'MAXLEN', '~', keep) or
       dead and (need('XDEL', dead, '0-0') or need('HDEL', strikes, ''))
if step then return {0, step, why} end

-- Without a verdict: only whether it could be done.
if #ARGV == 2 then
  step = may and need('XADD', verdicts, '*', 'id', '0-0')
  if step then return {0, step, why} end
  for _, try in ipairs({{'XACK', messages, group, '0-0'}, {'XDEL', verdicts, '0-0'}}) do
    why = pcall(unpack(try))
    if why ~= 0 then return {0, try[1], why.err} end
  end
end

local time = pcall('TIME')
if time.err then return {0, 'TIME', time.err} end
local now = time[1] * 1000000 + time[2]

-- The verdicts.
local entry, last = {'XADD', verdicts, '*'}, 3 + 2 * always
for f = 1, width do entry[2 + 2 * f] = names[f] end
local ids, added = {}, {}
for i = 3, count, width do
  for f = 1, always do entry[3 + 2 * f] = ARGV[i + f - 1] end
  local since = tonumber(ARGV[i + latency - 1])
  if since == 0 then since = tonumber(string.match(ARGV[i], '^%d+')) * 1000 end
  entry[3 + 2 * latency] = string.format('%d', math.max(0, now - since)) -- a number costs more
  local used = last
  for f = always + 1, width do
    local value = ARGV[i + f - 1]
    if value ~= '' then
      entry[used + 1], entry[used + 2] = names[f], value
      used = used + 2
    end
  end
  local reply = pcall(unpack(entry, 1, used))
  if type(reply) == 'table' then
    step, why = 'XADD', reply.err
    break
  end
  ids[#ids + 1], added[#added + 1] = ARGV[i], reply
end

-- The dead letter.
local letter
if dead and #added == 1 then
  letter = pcall('XADD', dead, '*', unpack(ARGV, count + 1))
  if type(letter) == 'table' then
    redis.call('XDEL', verdicts, added[1])
    return {0, 'XADD', letter.err}
  end
end

-- Their messages.
local done, undone = {}, {}
for i = 1, #ids do
  local reply = pcall('XACK', messages, group, ids[i])
  if reply == 1 then
    done[#done + 1] = ids[i]
  else
    undone[#undone + 1] = added[i]
    if reply ~= 0 then step, why = 'XACK', reply.err end
  end
end
if #undone > 0 then
  redis.call('XDEL', verdicts, unpack(undone))
  if letter then redis.call('XDEL', dead, letter) end
end
if #done > 0 then
  redis.call('XDEL', messages, unpack(done))
  if keep ~= '0' then redis.call('XTRIM', verdicts, 'MAXLEN', '~', keep) end
end
-- What stays there, by a wrong type, harms nobody.
if letter and not step then pcall('HDEL', strikes, ids[1]) end
if step then return {#done, step, why} end
return {#done}
