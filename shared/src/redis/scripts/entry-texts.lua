--[[
details_of(text): attempts and metadata out of <attempts> <metadata>; '0' and '' where there are none,
or where the text is none.
score_event(entry, tail): the event of an entry for PostgreSQL, as events.ts describes it.

entry  {score, ranked, sub, place, reached_at, updated_at, details}: all texts. sub is nil on a board
       without sub-scores; reached_at may be nil, as the place has it; details is
       <attempts> <metadata>, or nil.
tail   JSON members of the event that do not change here, with the closing brace
]]
local function details_of(text)
  if not text then return '0', '' end
  local attempts, metadata = string.match(text, '^(%d+) (.*)$')
  return attempts or '0', metadata or ''
end

local function score_event(entry, tail)
  local head = '{"score":"' .. entry.score .. '","reached_at":"' .. (entry.reached_at or reached_at_of(entry.place))
    .. '","updated_at":"' .. entry.updated_at .. '",'
  if entry.score == entry.ranked and not entry.sub and not entry.details then return head .. tail end
  local more = ''
  if entry.score ~= entry.ranked then more = ',"sort_key":"' .. entry.ranked .. '"' end
  if entry.sub then
    more = more .. ',"sub":"' .. entry.sub .. '","sub_key":"' .. digits(tonumber(string.sub(entry.place, 1, SUB_DIGITS))) .. '"'
  end
  local attempts, metadata = details_of(entry.details)
  if attempts ~= '0' then more = more .. ',"attempts":"' .. attempts .. '"' end
  if metadata ~= '' then more = more .. ',"metadata":' .. metadata end
  return head .. string.sub(tail, 1, -2) .. more .. '}'
end

--[[
record_of(entry, name): the record of an entry, as records.ts describes it.
values_of(record): the ranked score, the score, and the sub-score of a record; nil without one.
]]
local function record_of(entry, name)
  local value = entry.ranked
  if entry.sub or entry.score ~= entry.ranked then value = value .. ',' .. entry.score end
  if entry.sub then value = value .. ',' .. entry.sub end
  return entry.place .. ' ' .. entry.updated_at .. ' ' .. value .. ' ' .. name
end

local function values_of(record)
  local value = record and string.match(record, '^%d+ %d+ ([%d,%-]+) ')
  if not value then return nil end
  local ranked, score, sub = string.match(value, '^(%-?%d+),?(%-?%d*),?(%d*)$')
  if not ranked then return nil end
  return ranked, score ~= '' and score or ranked, sub ~= '' and sub or nil
end
