/**
 * What the lighthouse ("latarnia") shows: the one official word on whether KSeF is available, and so whether
 * invoices may be issued offline (tryby-offline.md). Served by a host of its own, without signing in.
 */
export const LIGHTHOUSE_STATUSES = ['AVAILABLE', 'MAINTENANCE', 'FAILURE', 'TOTAL_FAILURE'] as const
export type LighthouseStatus = (typeof LIGHTHOUSE_STATUSES)[number]

export type LighthouseMessage = {
  id: string
  /** Messages about one event share it: a failure's start and its end. */
  eventId: number
  category: 'FAILURE' | 'TOTAL_FAILURE' | 'MAINTENANCE'
  type: 'FAILURE_START' | 'FAILURE_END' | 'MAINTENANCE_ANNOUNCEMENT'
  title: string
  text: string
  start: string
  end?: string
  version: number
  published: string
}

export type Lighthouse = {
  /** Replaces what is shown; the messages published so far stay listed. */
  show(status: LighthouseStatus, messages?: readonly LighthouseMessage[]): void
  status(): { status: LighthouseStatus; messages?: LighthouseMessage[] }
  messages(): LighthouseMessage[]
}

export function createLighthouse(): Lighthouse {
  let shown: LighthouseStatus = 'AVAILABLE'
  let current: readonly LighthouseMessage[] = []
  const published: LighthouseMessage[] = []
  return {
    show: (status, messages = []) => {
      shown = status
      current = messages
      published.push(...messages)
    },
    status: () => ({ status: shown, ...(current.length === 0 ? {} : { messages: [...current] }) }),
    messages: () => [...published],
  }
}
