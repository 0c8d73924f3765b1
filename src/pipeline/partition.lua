-- Keeps how many partitions a stream has, and which of its servers this is (partition.h).
--
-- KEYS  the record; the stream as it is without partitions
-- ARGV  what the record is to say; "1": ask only
-- Answer {1, ""}: so it is; {1, text}: the record says otherwise; {2, ""}: the stream is there without partitions;
--       {0, command, error}: that was refused.
local record, plain, text = KEYS[1], KEYS[2], ARGV[1]

local function refused(command, reply)
  if type(reply) == 'table' and reply.err then return {0, command, reply.err} end
end

local found = redis.pcall('GET', record)
local why = refused('GET', found)
if why then return why end
if found then return {1, found == text and '' or found} end
local there = redis.pcall('EXISTS', plain)
why = refused('EXISTS', there)
if why then return why end
if there == 1 then return {2, ''} end
if ARGV[2] == '1' then return {1, ''} end
return refused('SET', redis.pcall('SET', record, text)) or {1, ''}
