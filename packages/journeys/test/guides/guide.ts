/**
 * A guide as a program: its `sh` blocks are its steps, run in order in one shell; the `text` block after a step is what the
 * step must print. A line of it may hold `…` for anything; a line that is only `…` stands for any number of lines.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))

export type Step = {
  /** The line of the guide on which the step stands. */
  line: number
  script: string
  /** null: the guide does not show what the step prints. */
  prints: string | null
}

export type Block = { line: number; language: string; text: string }

const FENCE = /^( *)```(\S*)[^\n]*\n([\s\S]*?)^\1```/gm

/** The fenced blocks of a page, without the indentation of a list they stand in. */
export function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(FENCE)].map((match) => {
    const [, indent = '', language = '', text = ''] = match
    const line = markdown.slice(0, match.index).split('\n').length
    return { line, language, text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), '') }
  })
}

export function stepsOf(markdown: string): Step[] {
  const steps: Step[] = []
  let last: Step | undefined
  for (const { line, language, text } of blocksOf(markdown)) {
    if (language === 'sh') {
      last = { line, script: text, prints: null }
      steps.push(last)
    }
    if (language === 'text' && last !== undefined) last.prints = text
    if (language !== 'sh') last = undefined
  }
  return steps
}

/** What a step must print, as a pattern. */
export function patternOf(prints: string): RegExp {
  const lines = prints.trimEnd().split('\n')
  const body = lines.map((line) => (line.trim() === '…' ? '(?:.*\\n)*' : `${wild(line)}\\n`)).join('')
  return new RegExp(`^${body}$`)
}

const wild = (line: string): string =>
  line
    .trimEnd()
    .split('…')
    .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .join('.*')

export type Run = {
  /** null: every step succeeded. */
  failedAt: Step | null
  /** What each step printed, those before the failed one and itself. */
  printed: string[]
  /** What went to the standard error of all steps together. */
  complaints: string
}

const MARK = '\u001e'

/** Runs the steps as a reader would, who stops at the first that fails. */
export async function runSteps(
  steps: readonly Step[],
  given: { env: Record<string, string>; directory: string; withinMs: number },
): Promise<Run> {
  const script = [
    'set -euo pipefail',
    // The same program without the bootstrap, which would install dependencies in the middle of a test run.
    `npm() { [ "$1 $2 $3" = "run sample --" ] && shift 3 && node packages/journeys/src/sample.ts "$@"; }`,
    ...steps.flatMap((step) => [`printf '${MARK}'`, step.script]),
  ].join('\n')
  const shell = spawn('bash', ['-c', script], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      HOME: given.directory,
      ...(process.env.NODE_COMPILE_CACHE === undefined
        ? {}
        : { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE }),
      TMPDIR: mkdtempSync(join(given.directory, 'tmp-')),
      ...given.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that a step which waits for ever ends with all that it has started.
    detached: true,
  })
  let out = ''
  let complaints = ''
  shell.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  shell.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  const late = setTimeout(() => {
    complaints += `not done within ${given.withinMs} ms\n`
    if (shell.pid !== undefined) process.kill(-shell.pid, 'SIGKILL')
  }, given.withinMs)
  const code = await new Promise<number | null>((resolve, reject) => {
    shell.on('error', reject)
    shell.on('close', resolve)
  }).finally(() => clearTimeout(late))
  const printed = out.split(MARK).slice(1)
  return { failedAt: code === 0 ? null : (steps[printed.length - 1] ?? null), printed, complaints }
}

export const readGuide = (name: string): string => readFileSync(join(ROOT, 'docs/guides', name), 'utf8')
