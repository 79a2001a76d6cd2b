/**
 * One preparation at a time in one clone.
 *
 * free → held (file created exclusively; touched every 2 s) → free (file removed)
 * held → abandoned (its process is gone, or it was not touched for 20 s: the holder may live on another machine or in
 * another container, where its process id means nothing) → taken over
 */
import { readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { say } from './problem.mjs'

const BEAT_MS = 2_000
const ABANDONED_AFTER_MS = 20_000
const POLL_MS = 200

/**
 * @param {string} file
 * @returns {Promise<() => void>} gives the lock back; may be called twice
 */
export async function takeLock(file) {
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), nonce: Math.random() })
  let told = false
  while (!createdNew(file, mine)) {
    const held = readHolder(file)
    if (held === undefined) continue
    if (isAbandoned(held)) {
      takeAway(file, held.text)
      continue
    }
    if (!told) say(`another run (process ${held.pid}) is preparing this clone; waiting for it`)
    told = true
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  const beat = setInterval(() => touch(file), BEAT_MS)
  beat.unref()
  return () => {
    clearInterval(beat)
    if (readHolder(file)?.text === mine) rmSync(file, { force: true })
  }
}

/** @param {string} file @param {string} text */
function createdNew(file, text) {
  try {
    writeFileSync(file, text, { flag: 'wx' })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** @param {string} file */
function readHolder(file) {
  try {
    const text = readFileSync(file, 'utf8')
    const touchedAt = statSync(file).mtimeMs
    const holder = text === '' ? {} : JSON.parse(text)
    return { text, touchedAt, pid: Number(holder.pid), host: String(holder.host) }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined // given back meanwhile
    throw error
  }
}

/** @param {{ touchedAt: number, pid: number, host: string }} holder */
function isAbandoned(holder) {
  if (Date.now() - holder.touchedAt > ABANDONED_AFTER_MS) return true
  return holder.host === hostname() && !exists(holder.pid)
}

/** @param {number} pid */
function exists(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/**
 * Removes exactly the abandoned lock that was read: should another waiter have replaced it in between, what we caught
 * is that waiter's, and goes back.
 * @param {string} file @param {string} abandoned
 */
function takeAway(file, abandoned) {
  const aside = `${file}.${process.pid}`
  try {
    renameSync(file, aside)
    if (readFileSync(aside, 'utf8') === abandoned) rmSync(aside)
    else renameSync(aside, file)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error // another waiter was first
  }
}

/** @param {string} file */
function touch(file) {
  try {
    const now = new Date()
    utimesSync(file, now, now)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error // somebody removed the whole folder; the next step will say so
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
