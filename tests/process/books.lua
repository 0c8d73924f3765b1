-- Whether each entry of a stream has exactly one output, in the same order. KEYS in, out; ARGV field of the id. Answers "right", or what is wrong first.
local at_in, at_out, count = '-', '-', 0
while true do
  local entries = redis.call('XRANGE', KEYS[1], at_in, '+', 'COUNT', 1000)
  if #entries == 0 then break end
  local outputs = redis.call('XRANGE', KEYS[2], at_out, '+', 'COUNT', #entries)
  for i, entry in ipairs(entries) do
    local id
    for f = 1, outputs[i] and #outputs[i][2] or 0, 2 do
      if outputs[i][2][f] == ARGV[1] then id = outputs[i][2][f + 1] end
    end
    if id ~= entry[1] then return 'entry ' .. entry[1] .. ' has at its place the output of ' .. (id or 'none') end
  end
  count = count + #entries
  at_in, at_out = '(' .. entries[#entries][1], '(' .. outputs[#entries][1]
end
if redis.call('XLEN', KEYS[2]) ~= count then return 'outputs too many: ' .. redis.call('XLEN', KEYS[2]) - count end
return 'right'
