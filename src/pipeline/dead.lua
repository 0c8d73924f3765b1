-- Adds the message of a dead letter anew, and takes the letter away (dead.h).
--
-- KEYS  dead letters, messages
-- ARGV  the letter's entry
-- Answer {1, id of the new message}; {0}: there is no such letter; {-1}: it has no body; {0, command,
--       error}: that was refused, and all is as it was.
--
-- Redis rolls nothing back. So both deletions, of the letter at the end and of a message whose letter
-- cannot be taken away, are made sure of before the first write, which is the XADD, as in verdict.lua.
if redis.replicate_commands then redis.replicate_commands() end -- Redis 6: XADD * makes its own id

local dead, messages, letter = KEYS[1], KEYS[2], ARGV[1]
local pcall, may = redis.pcall, redis.acl_check_cmd

local found = pcall('XRANGE', dead, letter, letter)
if found.err then return {0, 'XRANGE', found.err} end
if #found == 0 then return {0} end

for _, key in ipairs({dead, messages}) do
  local why
  if not may then
    why = pcall('XDEL', key, '0-0')
    why = type(why) == 'table' and why.err
  elseif not may('XDEL', key, '0-0') then
    why = 'NOPERM this user may not run XDEL on ' .. key
  end
  if why then return {0, 'XDEL', why} end
end

local field, fields = {}, found[1][2]
for i = 1, #fields, 2 do field[fields[i]] = fields[i + 1] end
if not field.m then return {-1} end
local entry = {'XADD', messages, '*', 'm', field.m}
if field.method and field.method ~= '' then
  entry[6], entry[7] = 'method', field.method
end
local added = pcall(unpack(entry))
if type(added) == 'table' then return {0, 'XADD', added.err} end
local gone = pcall('XDEL', dead, letter)
if gone == 1 then return {1, added} end
redis.call('XDEL', messages, added)
return {0, 'XDEL', gone.err}
