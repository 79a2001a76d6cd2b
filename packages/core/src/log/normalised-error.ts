import { scrub } from './scrub.ts'

/** What a log line says of an error: never its own properties, which libraries fill with requests, rows and headers. */
export type NormalisedError = {
  name: string
  message: string
  code?: string
  frames?: string[]
  cause?: NormalisedError
}

const MESSAGE_CHARACTERS_MAX = 400
const FRAMES_MAX = 12
const CAUSES_MAX = 3
const CODE = /^[A-Z0-9_]{1,64}$/

/** Anything that was thrown, in the one form the logs know. */
export function normaliseError(thrown: unknown, depth = 0): NormalisedError {
  if (!(thrown instanceof Error))
    return { name: typeof thrown, message: 'something other than an Error was thrown' }
  const code =
    'code' in thrown && typeof thrown.code === 'string' && CODE.test(thrown.code) ? thrown.code : undefined
  const frames = framesOf(thrown)
  return {
    name: scrub(thrown.name).slice(0, 60),
    message: scrub(thrown.message.slice(0, MESSAGE_CHARACTERS_MAX)),
    ...(code === undefined ? {} : { code }),
    ...(frames.length === 0 ? {} : { frames }),
    ...(thrown.cause === undefined || depth >= CAUSES_MAX
      ? {}
      : { cause: normaliseError(thrown.cause, depth + 1) }),
  }
}

/** The lines `at …` of the stack; its head repeats the message, so it is left out. */
const framesOf = (error: Error): string[] =>
  (error.stack ?? '')
    .split('\n')
    .filter((line) => /^ {4}at /.test(line))
    .slice(0, FRAMES_MAX)
    .map((line) => line.trim())
