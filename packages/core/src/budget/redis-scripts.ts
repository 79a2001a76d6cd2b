/**
 * The counters in Redis. Each is a sorted set of the moments of its calls, by Redis's clock, so that a window slides and
 * workers with clocks of their own agree. One script looks at all windows of all counters of a call and counts it in all of
 * them or in none. Limits and blocks come with each question: Redis holds nothing that PostgreSQL does not know, but calls.
 */
import { DAWDLE_MS } from './limit-windows.ts'

/** How long nothing goes after counters may have been lost, or were away: every worker has told what it called by then. */
export const SETTLE_MS = 1_900

/**
 * So long nobody counts by itself: Redis may have been busy and nothing more, and what it let through last is out of KSeF's
 * second by then. Shorter than what a call sits out.
 */
export const ALONE_AFTER_MS = 1_000 + DAWDLE_MS

/**
 * KEYS: the birth of these counters; whether they settle; then for each counter its calls and its block.
 * ARGV: what is asked, as JSON: `ageMs` of the context here (-1: unknown), `settles` when Redis was away for whoever asks and
 * workers may have called without it, and for each counter its windows, `blockedMs`, and `told`, age and name of calls that
 * Redis may not know: made while it was away, or lost with it. Of two moments of a call the later one holds.
 *
 * Counters that begin amid the life of a context may have been lost. Until a window has passed since their birth, half of it
 * counts as spent before, or more where the workers remember more, and at first nothing goes, so that they can tell it.
 */
const PRELUDE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local asked = cjson.decode(ARGV[1])
local born = tonumber(redis.call('GET', KEYS[1]) or now)
local mayBeLost = asked.ageMs < 0 or now - asked.ageMs < born

local function tidy(calls, counter)
  for _, call in ipairs(counter.told) do redis.call('ZADD', calls, 'GT', now - call[1], call[2]) end
  for _, call in ipairs(redis.call('ZRANGEBYSCORE', calls, '(' .. now, '+inf')) do
    redis.call('ZADD', calls, now, call)
  end
  if counter.keepMs > 0 then
    redis.call('ZREMRANGEBYSCORE', calls, '-inf', now - counter.keepMs)
    redis.call('PEXPIRE', calls, counter.keepMs)
  end
end

local function freeWith(calls, window, limit)
  if limit <= 0 then return window.ms end
  local oldest = redis.call('ZREVRANGE', calls, limit - 1, limit - 1, 'WITHSCORES')[2]
  if not oldest then return 0 end
  return math.max(0, tonumber(oldest) + window.ms - now)
end

local function isLost(window)
  return mayBeLost and now < born + window.ms and window.limit > 1
end

local function freeIn(calls, window)
  local free = math.max(redis.call('PTTL', KEYS[2]), freeWith(calls, window, window.limit))
  if not isLost(window) then return free end
  free = math.max(free, born + ${SETTLE_MS} - now)
  local half = math.floor(window.limit / 2)
  local oldest = redis.call('ZREVRANGE', calls, half - 1, half - 1, 'WITHSCORES')[2]
  if not oldest or tonumber(oldest) < born then return free end
  return math.max(free, math.min(tonumber(oldest), born) + window.ms - now)
end

local function usedOf(calls, window)
  local since = '(' .. (now - window.ms)
  if not isLost(window) then return redis.call('ZCOUNT', calls, since, '+inf') end
  local before = redis.call('ZCOUNT', calls, since, '(' .. born)
  local after = redis.call('ZCOUNT', calls, math.max(born, now - window.ms + 1), '+inf')
  return math.max(before, window.limit - math.floor(window.limit / 2)) + after
end

local function blockedFor(block, counter)
  return math.max(0, counter.blockedMs, redis.call('PTTL', block))
end
`

/**
 * Answers how long the call has to wait (0: it is counted), for how long of that KSeF refuses it, when the counters began, and
 * the present. A call that asks again gives back what it was let through by before.
 */
const TAKE_SCRIPT = `${PRELUDE}
redis.call('SET', KEYS[1], now, 'NX')
if asked.settles then redis.call('SET', KEYS[2], 1, 'PX', ${SETTLE_MS}) end
local wait, blocked = 0, 0
for each, counter in ipairs(asked.counters) do
  local calls = KEYS[each * 2 + 1]
  tidy(calls, counter)
  redis.call('ZREM', calls, asked.id)
  blocked = math.max(blocked, blockedFor(KEYS[each * 2 + 2], counter))
  for _, window in ipairs(counter.windows) do wait = math.max(wait, freeIn(calls, window)) end
end
wait = math.max(wait, blocked)
if wait > 0 or not asked.counts then return { math.ceil(wait), math.ceil(blocked), born, now } end
for each, counter in ipairs(asked.counters) do
  if counter.keepMs > 0 then
    redis.call('ZADD', KEYS[each * 2 + 1], now, asked.id)
    redis.call('PEXPIRE', KEYS[each * 2 + 1], counter.keepMs)
  end
end
return { 0, 0, born, now }
`

/** Writes nothing. Answers for each counter for how long KSeF refuses it, and for each window limit, used and until when none is free. */
const PEEK_SCRIPT = `${PRELUDE}
local seen = {}
for each, counter in ipairs(asked.counters) do
  local calls = KEYS[each * 2 + 1]
  local windows = {}
  for index, window in ipairs(counter.windows) do
    windows[index] = { window.limit, usedOf(calls, window), math.ceil(freeIn(calls, window)) }
  end
  seen[each] = { math.ceil(blockedFor(KEYS[each * 2 + 2], counter)), windows }
end
return seen
`

/** KEYS: a block. ARGV: its length in ms. The longer one stands. */
const BLOCK_SCRIPT = `
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], 1, 'PX', ARGV[1]) end
return 1
`

/** KEYS: the counters of a call that takes long. ARGV: as JSON its `id`, and for each counter `keepMs`. It counts as made now, also when it was forgotten. */
const RETIME_SCRIPT = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local asked = cjson.decode(ARGV[1])
for each, calls in ipairs(KEYS) do
  redis.call('ZADD', calls, 'GT', now, asked.id)
  redis.call('PEXPIRE', calls, asked.keepMs[each])
end
return 1
`

export const BUDGET_SCRIPTS = {
  take: TAKE_SCRIPT,
  peek: PEEK_SCRIPT,
  block: BLOCK_SCRIPT,
  retime: RETIME_SCRIPT,
} as const

/** What counting takes of Redis. */
export interface BudgetRedis {
  /** How often the connection was lost: it may lead to another Redis since. */
  losses(): number
  /** Runs a script by its name. Rejects while Redis is away. */
  run(script: keyof typeof BUDGET_SCRIPTS, keys: readonly string[], argument: string): Promise<unknown>
}
