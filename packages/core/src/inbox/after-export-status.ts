import type { ExportStatus } from '@ksef-fleet/ksef'

/**
 * What an export's status asks for.
 *
 * wait      KSeF is at it.
 * collect   its package is there.
 * again     it came to nothing, `code` says why: the same window is asked for again, at once or after a wait.
 * nothing   the window begins after the high-water mark: nothing new yet, and the checkpoint stays.
 */
export type AfterExport =
  | { to: 'wait' }
  | { to: 'collect' }
  | { to: 'again'; code: ExportEnd; isFailure: boolean }
  | { to: 'nothing' }

export type ExportEnd =
  | 'EXPORT_STUCK'
  | 'EXPORT_EXPIRED'
  | 'EXPORT_KEY_REFUSED'
  | 'EXPORT_FAILED'
  | 'EXPORT_LOST'
  | 'EXPORT_OUTDATED'

/** Decides by the code alone: texts change. A package that is gone may have been full, so 210 is never "nothing". */
export function afterExportStatus(
  { status, package: made }: Pick<ExportStatus, 'status' | 'package'>,
  { now, giveUpAt }: { now: Date; giveUpAt: Date },
): AfterExport {
  switch (status.code) {
    case 200:
      return made === undefined ? { to: 'again', code: 'EXPORT_FAILED', isFailure: true } : { to: 'collect' }
    case 210:
      return { to: 'again', code: 'EXPORT_EXPIRED', isFailure: true }
    case 415:
      return { to: 'again', code: 'EXPORT_KEY_REFUSED', isFailure: true }
    case 420:
      return { to: 'nothing' }
    case 500:
    case 550:
      return { to: 'again', code: 'EXPORT_FAILED', isFailure: true }
    default:
      // 100, and what this version does not know: neither a success nor an end.
      return now >= giveUpAt ? { to: 'again', code: 'EXPORT_STUCK', isFailure: true } : { to: 'wait' }
  }
}
