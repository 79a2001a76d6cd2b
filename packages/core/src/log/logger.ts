/**
 * The one logger of api and worker: JSON lines, of which three gates take every secret. `permittedFields` drops what no
 * one listed, `normaliseError` reduces errors, `scrub` reads the finished line.
 */
import { type DestinationStream, type Logger, pino } from 'pino'
import { permittedFields } from './permitted-fields.ts'
import { scrub } from './scrub.ts'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

/** @param options.destination where lines go; standard output when left out. */
export function createLogger(options: {
  service: string
  level: LogLevel
  destination?: DestinationStream
}): Logger {
  const logger = pino(
    {
      level: options.level,
      base: { service: options.service },
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
      // Errors are normalised with the other fields, under their own names; pino's serialiser would print what they own.
      serializers: { err: (value: unknown) => value, error: (value: unknown) => value },
      formatters: {
        level: (label) => ({ level: label }),
        bindings: permittedFields,
        log: permittedFields,
      },
      hooks: { streamWrite: scrub },
    },
    options.destination ?? pino.destination(1),
  )
  return Object.assign(logger, { child: guardedChild(logger.child) })
}

/** pino formats the bindings of its root only, so those of a child pass the gate here. Children inherit this method. */
function guardedChild(child: Logger['child']): Logger['child'] {
  return function guarded(this: Logger, bindings, options) {
    return Reflect.apply(child, this, [permittedFields(bindings), options])
  }
}
