-- Keeps the books of a way over Redis (transport_redis.h): who is there, who has died, and of what.
--
-- KEYS  records, peers, losses, notes
-- ARGV  group; role and name of the asker, "s…" or "r…"; how long it counts as alive from now on, ms; what
--       it does: open, beat, finish, close; "1": records that it had may be lost; of a sender that is open:
--       the last loss that it knows, else ""
-- Answer {1: it was known already, senders, receivers, 1: the last sender has finished, the last loss,
--       the last record, notes of the dead}; {command, error}: that was refused.
--
-- peers is a hash: role and name -> until when it is alive, by this server's clock; `finished`. notes is one:
-- role and name, ":", worker -> "ms seq last_ms alone". losses is a stream: `died`, `lost` or `made`, each once a
-- loss, and before it what the dead were at: `note` for all senders, `alone` for the first that comes.
if redis.replicate_commands then redis.replicate_commands() end -- Redis 6: TIME comes before writes

local records, peers, losses, notes = unpack(KEYS)
local group, me, lease, what, lost, seen = unpack(ARGV)
local workers = 64

local function call(command, ...)
  local reply = redis.pcall(command, ...)
  if type(reply) == 'table' and reply.err then error({command, reply.err}) end
  return reply
end

local function tell(kind, value)
  call('XADD', losses, 'MAXLEN', '~', 1000, '*', kind, value)
end

-- What it was at is taken away first: told twice, one message would have two strikes of one death.
local function died(who)
  local fields, noted = {}, {}
  for i = 1, workers do fields[i] = who .. ':' .. (i - 1) end
  local values = call('HMGET', notes, unpack(fields))
  for i = 1, workers do
    if values[i] then noted[#noted + 1] = values[i] end
  end
  if #noted > 0 then call('HDEL', notes, unpack(fields)) end
  for _, value in ipairs(noted) do
    tell(string.sub(value, -2) == ' 1' and 'alone' or 'note', value)
  end
  tell('died', who)
end

local function leave(who, with_loss)
  if with_loss then died(who) end
  call('HDEL', peers, who)
end

-- The stream's group is what shows that it is the same stream still.
local function make_group()
  local made = redis.pcall('XGROUP', 'CREATE', records, group, '0', 'MKSTREAM')
  if not made.err then
    tell('made', me)
  elseif not string.find(made.err, 'BUSYGROUP', 1, true) then
    error({'XGROUP|CREATE', made.err})
  end
end

local function newest(stream)
  local entry = call('XREVRANGE', stream, '+', '-', 'COUNT', 1)
  return entry[1] and entry[1][1] or '0-0'
end

local function work()
  local time = call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local role, there, known, finished = string.sub(me, 1, 1), {s = 0, r = 0}, 0, 0
  local till = string.format('%d', now + lease)
  if what ~= 'close' then make_group() end

  local rows = call('HGETALL', peers)
  for i = 1, #rows, 2 do
    local who, its, kind = rows[i], tonumber(rows[i + 1]) or 0, string.sub(rows[i], 1, 1)
    if who == 'finished' then
      finished = 1
    elseif who == me then
      known = 1
    elseif its <= now then
      leave(who, kind == 'r')
    else -- of a clock that was set back: it has to renew that as well
      if its > now + 4 * lease then call('HSET', peers, who, till) end
      if there[kind] then there[kind] = there[kind] + 1 end
    end
  end

  if lost == '1' and what ~= 'close' then tell('lost', me) end
  if what == 'close' then
    if known == 1 then leave(me, lost == '1') end
  elseif what == 'finish' then
    leave(me)
    if there.s == 0 then call('HSET', peers, 'finished', '1') end
  else
    call('HSET', peers, me, till)
    there[role] = there[role] + 1
  end
  if what == 'open' then -- and is all allowed that is needed only now and then?
    call('XDEL', losses, '0-1')
    call('HMGET', notes, me .. ':0')
    if role == 's' then
      call('HDEL', peers, 'finished')
      finished = 0
    else
      call('HSET', notes, me .. ':0', '')
      call('HDEL', notes, me .. ':0')
    end
  end

  local left, last = {}, '0-0'
  if role == 's' and seen == '' then
    seen, last = newest(losses), newest(records)
  elseif role == 's' then
    for _, entry in ipairs(call('XRANGE', losses, '(' .. seen, '+', 'COUNT', 500)) do
      local kind, value = entry[2][1], entry[2][2]
      if kind == 'alone' then call('XDEL', losses, entry[1]) end
      if kind == 'alone' or kind == 'note' then left[#left + 1] = value end
      seen = entry[1]
    end
  end
  return {known, there.s, there.r, finished, seen, last, left}
end

local fine, answer = pcall(work)
if fine or type(answer) == 'table' then return answer end
return {'EVAL', 'ERR ' .. tostring(answer)}
