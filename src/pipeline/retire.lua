-- Takes a consumer without pending entries out of the group, and ends its lease.
--
-- KEYS  messages, lease
-- ARGV  group; consumer; the token of the consumer's own lease, when it asks itself, or "": one that has a
--       lease is taken out by the lease's owner only
-- Answer {1}: it is out; {0}: it stays; {0, command, error}: that was refused. One that has pending entries
--       stays in the group; when it asks itself its lease ends all the same, so that others take them over at
--       once. The consumer goes last: without pending entries nothing is lost with it, and with a lease that
--       could not be ended it would count as alive.
local messages, lease, group, consumer, token = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3]

local function refused(command, reply)
  if type(reply) == 'table' and reply.err then return {0, command, reply.err} end
end

local held = redis.pcall('GET', lease)
local failed = refused('GET', held)
if failed then return failed end
if held and (token == '' or string.sub(held, 1, #token) ~= token) then return {0} end
local rows = redis.pcall('XINFO', 'CONSUMERS', messages, group)
local why = refused('XINFO|CONSUMERS', rows)
if why then return why end
local found, busy
for _, row in ipairs(rows) do
  local name, pending
  for i = 1, #row, 2 do
    if row[i] == 'name' then name = row[i + 1] end
    if row[i] == 'pending' then pending = row[i + 1] end
  end
  if name == consumer then
    found, busy = true, pending > 0
  end
end
if held then
  why = refused('DEL', redis.pcall('DEL', lease))
  if why then return why end
end
if busy then return {0} end
if found then
  why = refused('XGROUP|DELCONSUMER', redis.pcall('XGROUP', 'DELCONSUMER', messages, group, consumer))
end
return why or {1}
