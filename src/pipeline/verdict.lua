-- Stores the verdicts of a batch and takes their messages off the stream (verdict.h).
--
-- KEYS  messages, verdicts
-- ARGV  group; keep (0: never trim); the lowest and the highest id of the batch; how many fields a
--       verdict has; how many of them are always there (the others are left out when empty); the
--       fields' names; then the fields of each verdict: first the id of its message; the field
--       latency_us brings the time when the message was added (0: that of its id)
-- Answer {stored}, or {stored, command, error}: the command that was refused. Then each message of the
--       batch either has its verdict and is gone, or is pending still and has none.
--
-- Redis rolls nothing back. So everything that can be refused without a trace is asked first; the
-- first write of all is an XADD, as Redis refuses for want of memory only a script's first write; and
-- what was added is deleted again when the messages cannot be acknowledged. Of the verdicts of one
-- message the first counts: the others find it no longer pending.
if redis.replicate_commands then redis.replicate_commands() end -- Redis 6: TIME comes before writes

local messages, verdicts, group, keep = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2])
local width, always = tonumber(ARGV[5]), tonumber(ARGV[6])
local first = 7 + width -- of the verdicts in ARGV
local count = (#ARGV - first + 1) / width

local function refused(reply) return type(reply) == 'table' and reply.err end

-- 1. May we? Redis 7 can be asked; Redis 6 is tried with what does nothing.
local needed = {
  {'XADD', verdicts, '*', 'id', '0-0'},
  {'XACK', messages, group, '0-0'},
  {'XDEL', messages, '0-0'},
  {'XDEL', verdicts, '0-0'},
}
if keep > 0 then needed[5] = {'XTRIM', verdicts, 'MAXLEN', '~', ARGV[2]} end
for i, command in ipairs(needed) do
  if redis.acl_check_cmd then
    if not redis.acl_check_cmd(unpack(command)) then
      return {0, command[1], 'NOPERM this user may not run ' .. command[1] .. ' on ' .. command[2]}
    end
  elseif i > 1 then
    local why = refused(redis.pcall(unpack(command)))
    if why then return {0, command[1], why} end
  end
end

-- 2. Which of them are pending? Without a group none is: it will give them out anew.
local time = redis.pcall('TIME')
if refused(time) then return {0, 'TIME', time.err} end
local pending = {}
local function look(from, to, limit)
  local rows = redis.pcall('XPENDING', messages, group, from, to, limit)
  if refused(rows) then return rows.err end
  for _, row in ipairs(rows) do pending[row[1]] = true end
  return nil, #rows
end
local limit = 2 * count + 16 -- other workers' messages lie between ours
local why, found = look(ARGV[3], ARGV[4], limit)
for i = first, #ARGV, width do
  if why or found < limit then break end
  if not pending[ARGV[i]] then why = look(ARGV[i], ARGV[i], 1) end
end
if why then
  if string.find(why, 'NOGROUP', 1, true) then return {0} end
  return {0, 'XPENDING', why}
end

-- 3. The verdicts.
local now = time[1] * 1000000 + time[2]
local entry, latency = {'XADD', verdicts, '*'}, 0
for f = 1, width do
  entry[2 + 2 * f] = ARGV[6 + f]
  if ARGV[6 + f] == 'latency_us' then latency = f end
end
local done, added = {}, {}
for i = first, #ARGV, width do
  local id = ARGV[i]
  if pending[id] then
    local last = 3
    for f = 1, width do
      local value = ARGV[i + f - 1]
      if f == latency then
        local since = tonumber(value)
        if since == 0 then since = tonumber(string.match(id, '^%d+')) * 1000 end
        value = string.format('%.0f', math.max(0, now - since))
      end
      if f <= always or value ~= '' then
        entry[last + 1], entry[last + 2] = ARGV[6 + f], value
        last = last + 2
      end
    end
    local reply = redis.pcall(unpack(entry, 1, last))
    why = refused(reply)
    if why then break end
    pending[id] = nil
    done[#done + 1], added[#added + 1] = id, reply
  end
end
local step = why and 'XADD'

-- 4. The messages of those that are stored.
if #done > 0 then
  local reply = redis.pcall('XACK', messages, group, unpack(done))
  if refused(reply) then
    redis.pcall('XDEL', verdicts, unpack(added))
    return {0, 'XACK', reply.err}
  end
  reply = redis.pcall('XDEL', messages, unpack(done))
  if refused(reply) and not why then step, why = 'XDEL', reply.err end
  if keep > 0 then
    reply = redis.pcall('XTRIM', verdicts, 'MAXLEN', '~', ARGV[2])
    if refused(reply) and not why then step, why = 'XTRIM', reply.err end
  end
end
if why then return {#done, step, why} end
return {#done}
