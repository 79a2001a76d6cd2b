import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { takeLock } from './lock.mjs'

let folder = ''
let file = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fleet-lock-'))
  file = join(folder, 'lock')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const held = (by: { pid: number; host: string }) => writeFileSync(file, JSON.stringify({ ...by, nonce: 1 }))
const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid

test('of two runs the second gets the lock when the first gives it back', async () => {
  const order: string[] = []
  const first = await takeLock(file)
  const second = takeLock(file).then((release) => {
    order.push('second has it')
    return release
  })
  order.push('first gives it back')
  first()
  const release = await second
  expect(order).toEqual(['first gives it back', 'second has it'])
  release()
  expect(readdirSync(folder)).toEqual([])
})

test('ten runs at once hold it one after the other', async () => {
  let holders = 0
  const most: number[] = []
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      const release = await takeLock(file)
      holders += 1
      most.push(holders)
      await new Promise((resolve) => setTimeout(resolve, 5))
      holders -= 1
      release()
    }),
  )
  expect(most).toEqual(Array(10).fill(1))
})

test('the lock of a process that died is taken over at once', async () => {
  held({ pid: deadPid(), host: hostname() })
  const release = await takeLock(file)
  release()
  expect(existsSync(file)).toBe(false)
})

test('a lock that nobody touches any more is taken over, whatever machine its process lives on', async () => {
  held({ pid: process.pid, host: 'another-machine' })
  const long = new Date(Date.now() - 60_000)
  utimesSync(file, long, long)
  const release = await takeLock(file)
  release()
  expect(existsSync(file)).toBe(false)
})

test('a fresh lock of another machine is respected although its process id means nothing here', async () => {
  held({ pid: deadPid(), host: 'another-machine' })
  let taken = false
  const waiting = takeLock(file).then((release) => {
    taken = true
    return release
  })
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(taken).toBe(false)
  rmSync(file)
  const release = await waiting
  release()
})

test('giving back twice does not take the lock from the next holder', async () => {
  const first = await takeLock(file)
  first()
  const second = await takeLock(file)
  first()
  expect(existsSync(file)).toBe(true)
  second()
})
