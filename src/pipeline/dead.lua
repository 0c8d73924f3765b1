-- Adds what a dead letter is about anew, and takes the letter away (dead.h).
--
-- KEYS  dead letters, messages or entries
-- ARGV  the letter's entry; "entry": it is one of `swapc process`
-- Answer {1, id of what is new}; {0}: there is no such letter; {-1}: it has no body, or not all fields of its entry; {0, command,
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

if not may then -- no id is so low: refused for that alone, if for nothing else
  local why = pcall('XADD', messages, '0-0', 'm', '').err
  if not string.find(why, 'ID specified', 1, true) then return {0, 'XADD', why} end
end
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

-- A message's body and method, behind the words of XADD.
local function of_message(fields, add)
  local field = {}
  for i = 1, #fields, 2 do field[fields[i]] = fields[i + 1] end
  if not field.m then return end
  add('m', field.m)
  if field.method and field.method ~= '' then add('method', field.method) end
end

-- An entry's fields, as outputs.c has written them: behind the id, the reason, and what there is of text and digest; a name that could be
-- one of those has `in-` before it.
local function of_entry(fields, add)
  local own, at = {[fields[1]] = true, reason = true, text = true, digest = true, ['left-out'] = true}, 3
  if fields[at] ~= 'reason' or #fields > 7900 then return end
  for _, name in ipairs({'reason', 'text', 'digest'}) do
    if fields[at] == name then at = at + 2 end
  end
  if fields[at] == 'left-out' then return end
  for i = at, #fields, 2 do
    local name = fields[i]
    local plain = name
    while string.sub(plain, 1, 3) == 'in-' and not own[plain] do plain = string.sub(plain, 4) end
    if own[plain] and plain ~= name then name = string.sub(name, 4) end
    add(name, fields[i + 1])
  end
end

local entry = {'XADD', messages, '*'}
local function add(name, value) entry[#entry + 1], entry[#entry + 2] = name, value end
if ARGV[2] == 'entry' then of_entry(found[1][2], add) else of_message(found[1][2], add) end
if #entry == 3 then return {-1} end
local added = pcall(unpack(entry))
if type(added) == 'table' then return {0, 'XADD', added.err} end
local gone = pcall('XDEL', dead, letter)
if gone == 1 then return {1, added} end
redis.call('XDEL', messages, added)
return {0, 'XDEL', gone.err}
