-- Looks for what nobody would ever come to (audit.h), when nothing new has been read for a while.
--
-- KEYS  messages, the asker's lease, verdicts
-- ARGV  group; consumer; the token of its lease; how many entries it takes at most; "1": it only counts, whosever
--       the lease is
-- Answer {taken, first pending of the consumer or "", counts}; {-1, command, error}: that was refused;
--       {-2}: nothing else was looked at, as a message has come, which is pending with the asker now; {-3}:
--       nothing was, as the lease is another's.
-- counts {added, verdicts, open, gone}: of losses.h; {command, error}: that was refused; {}: this server does not
--       count; nil: the stream is not settled.
if redis.replicate_commands then redis.replicate_commands() end -- Redis 6: what is read decides what is written

local messages, lease, verdicts, group, consumer = KEYS[1], KEYS[2], KEYS[3], ARGV[1], ARGV[2]
local token, most, steps = ARGV[3], tonumber(ARGV[4]), 8192
local pcall = redis.pcall

local function refused(command, reply)
  if type(reply) == 'table' and reply.err then return {-1, command, reply.err} end
end

local function field(list, name)
  for i = 1, #list, 2 do
    if list[i] == name then return list[i + 1] end
  end
end

-- The counts need a right that the rest does without. A group that has read nothing yet may be one that was made
-- anew: then it is as far as the verdicts are.
local function count(length, pending)
  local stream, groups = pcall('XINFO', 'STREAM', messages), pcall('XINFO', 'GROUPS', messages)
  local stored, why = pcall('XINFO', 'STREAM', verdicts), stream.err or groups.err
  if stored.err and string.find(stored.err, 'no such key', 1, true) then stored = {'entries-added', 0} end
  why = why or stored.err
  if why then return {'XINFO', why} end
  local added, answered = field(stream, 'entries-added'), field(stored, 'entries-added')
  if not added or not answered then return {} end
  local gone = -1
  for _, row in ipairs(groups) do
    if field(row, 'name') == group then
      local read = field(row, 'entries-read')
      if field(row, 'last-delivered-id') == '0-0' then read = math.min(answered, added) end
      if added == 0 then read = 0 end
      if read then gone = math.max(0, added - read - length) end
    end
  end
  return {added, answered, math.max(length, pending), gone}
end

if ARGV[5] == '1' then
  local length, pending = pcall('XLEN', messages), pcall('XPENDING', messages, group)
  local why = refused('XLEN', length) or refused('XPENDING', pending)
  return why or {0, '', count(length, pending[1])}
end

local held = pcall('GET', lease)
local why = refused('GET', held)
if why then return why end
if not held or string.sub(held, 1, #token) ~= token then return {-3} end

-- With nothing new there is nothing in the stream that the group has not been given. What is new is
-- pending with the asker from now on, who comes to it by its pending list.
local new = pcall('XREADGROUP', 'GROUP', group, consumer, 'COUNT', 1, 'STREAMS', messages, '>')
why = refused('XREADGROUP', new)
if why then return why end
if new and #new > 0 then return {-2} end

local length, pending = pcall('XLEN', messages), pcall('XPENDING', messages, group)
why = refused('XLEN', length) or refused('XPENDING', pending)
if why then return why end

-- Given out by the group's word, and yet pending with nobody.
local taken, at = 0, '+'
while length > pending[1] and taken < most and steps > 0 do
  local entry = pcall('XREVRANGE', messages, at, '-', 'COUNT', 1)
  why = refused('XREVRANGE', entry)
  if why then return why end
  if #entry == 0 then break end
  local id = entry[1][1]
  if #pcall('XPENDING', messages, group, id, id, 1) == 0 then
    local claimed = pcall('XCLAIM', messages, group, consumer, 0, id, 'FORCE', 'JUSTID')
    why = refused('XCLAIM', claimed)
    if why then return why end
    taken = taken + #claimed
  end
  at, steps = '(' .. id, steps - 1
end

local own = pcall('XPENDING', messages, group, '-', '+', 1, consumer)
return {taken, own[1] and own[1][1] or '', length == 0 and count(length, pending[1]) or nil}
