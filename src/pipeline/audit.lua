-- Looks for what nobody would ever come to (audit.h), when nothing new has been read for a while.
--
-- KEYS  messages, the asker's lease
-- ARGV  group; consumer; the token of its lease; how many entries it takes at most
-- Answer {taken, first pending of the consumer or "", lost}; {-1, command, error}: that was refused;
--       {0, "", -1}: nothing was looked at, as the lease is another's; {0, "", -2}: neither, as a message
--       has come, which is pending with the asker now. `lost` is how many entries of the stream the group was
--       never given, by the counts of Redis 7; -1: not known.
if redis.replicate_commands then redis.replicate_commands() end -- Redis 6: what is read decides what is written

local messages, lease, group, consumer = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
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

-- The counts need rights that the rest does without.
local function count_lost()
  local stream, groups = pcall('XINFO', 'STREAM', messages), pcall('XINFO', 'GROUPS', messages)
  if stream.err or groups.err then return -1 end
  for _, row in ipairs(groups) do
    if field(row, 'name') == group then
      local added, read = field(stream, 'entries-added'), field(row, 'entries-read')
      if added == 0 then return 0 end
      return added and read and added - read or -1
    end
  end
  return -1
end

local held = pcall('GET', lease)
local why = refused('GET', held)
if why then return why end
if not held or string.sub(held, 1, #token) ~= token then return {0, '', -1} end

-- With nothing new there is nothing in the stream that the group has not been given. What is new is
-- pending with the asker from now on, who comes to it by its pending list.
local new = pcall('XREADGROUP', 'GROUP', group, consumer, 'COUNT', 1, 'STREAMS', messages, '>')
why = refused('XREADGROUP', new)
if why then return why end
if new and #new > 0 then return {0, '', -2} end

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
return {taken, own[1] and own[1][1] or '', length == 0 and count_lost() or -1}
