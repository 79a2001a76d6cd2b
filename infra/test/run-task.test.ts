import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { root } from '../tasks/workspace.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fleet-run-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the given program as a task would be run, under a process that plays the bootstrap. */
function startTask(program: string): ChildProcess {
  const entry = join(folder, 'task.mjs')
  writeFileSync(entry, program)
  const runTask = pathToFileURL(join(root, 'infra/bootstrap/run-task.mjs')).href
  const bootstrap = `
    const { runTask } = await import(${JSON.stringify(runTask)})
    process.exitCode = await runTask(
      { node: process.execPath, environment: process.env },
      { entry: ${JSON.stringify(entry)}, args: [${JSON.stringify(folder)}] },
    )`
  return spawn(process.execPath, ['--input-type=module', '-e', bootstrap], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}

/** A task that says when it is up, counts the signals it gets and ends with 7 shortly after the first. */
const SIGNALLED = `
  import { appendFileSync, writeFileSync } from 'node:fs'
  const folder = process.argv[2]
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => {
    appendFileSync(folder + '/signals', name + '\\n')
    setTimeout(() => { writeFileSync(folder + '/ended', ''); process.exit(7) }, 300)
  })
  setInterval(() => undefined, 1000)
  writeFileSync(folder + '/up', '')`

const appears = (name: string) =>
  vi.waitUntil(() => existsSync(join(folder, name)), { timeout: 10_000, interval: 20 })
const exit = (child: ChildProcess) => new Promise<number | null>((resolve) => child.once('exit', resolve))
const signals = () => readFileSync(join(folder, 'signals'), 'utf8')

test("a task's exit code is the exit code", async () => {
  expect(await exit(startTask('process.exit(7)'))).toBe(7)
})

test('a task that a signal ended gives 128 and the number of the signal', async () => {
  expect(
    await exit(startTask("process.kill(process.pid, 'SIGTERM'); setInterval(() => undefined, 1000)")),
  ).toBe(143)
})

test('a signal reaches the task, and its orderly end is waited for', async () => {
  const child = startTask(SIGNALLED)
  const exited = exit(child)
  await appears('up')
  child.kill('SIGTERM')
  expect(await exited).toBe(7)
  expect(signals()).toBe('SIGTERM\n')
})

test('one Ctrl-C that arrives twice, by the terminal and by npm, reaches the task once', async () => {
  const child = startTask(SIGNALLED)
  const exited = exit(child)
  await appears('up')
  child.kill('SIGINT')
  child.kill('SIGINT')
  expect(await exited).toBe(7)
  expect(signals()).toBe('SIGINT\n')
})

test('when the bootstrap is killed outright, the task ends in order by itself', async () => {
  const child = startTask(SIGNALLED)
  await appears('up')
  child.kill('SIGKILL')
  await appears('ended')
  expect(signals()).toBe('SIGTERM\n')
})
