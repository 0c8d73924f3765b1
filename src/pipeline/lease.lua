-- Takes or renews the lease of a consumer's name (lease.h).
--
-- KEYS  lease, recall
-- ARGV  the asker's token; its place ("": none); milliseconds; whether entries were given to it while it
--       had no lease ("1")
-- Answer {1, 1 or 0: what is pending is to be taken up again or not}; {0, how many ms another's lease
--       goes on}; {-1, command, error}: that was refused.
local lease, recall, token, place = KEYS[1], KEYS[2], ARGV[1], ARGV[2]

local function refused(command, reply)
  if type(reply) == 'table' and reply.err then return {-1, command, reply.err} end
end

local found = redis.pcall('GET', lease)
local why = refused('GET', found)
if why then return why end
local owner, at = string.match(found or '', '^(%S+) ?(.*)$')
if found and owner ~= token and (place == '' or at ~= place) then
  if ARGV[4] == '1' then why = refused('SET', redis.pcall('SET', recall, '1', 'EX', 60)) end
  local left = redis.pcall('PTTL', lease)
  why = why or refused('PTTL', left)
  if not why and (left == -1 or left > tonumber(ARGV[3])) then
    left = tonumber(ARGV[3]) -- without an end, or with one that the server's clock has put off: it gets one
    why = refused('SET', redis.pcall('SET', lease, found, 'PX', left))
  end
  return why or {0, left}
end
-- Only who has the lease answers the recall: one refused here must find it the next time.
why = refused('SET', redis.pcall('SET', lease, token .. ' ' .. place, 'PX', ARGV[3]))
if why then return why end
local recalled = redis.pcall('DEL', recall)
return refused('DEL', recalled) or {1, recalled}
