/** A provider's backend that posts invoices through the storm, keeps its keys, and asks again until it has an answer. */
import { setTimeout as sleep } from 'node:timers/promises'
import { sha256Base64 } from '@ksef-fleet/ksef'
import { type Answer, apiClient, type InvoiceView } from '../../fleet/api-client.ts'
import { chance } from '../chance.ts'
import { invoiceOf, type StormCompany } from './companies.ts'
import type { Stack } from './stack.ts'

/** An invoice the fleet said 202 to: from then on it may not be lost. */
export type Acknowledged = {
  submissionId: string
  companyId: string
  nip: string
  number: string
  hash: string
  /** Another document holds the number at KSeF already. */
  isTaken: boolean
}

export type Load = {
  acknowledged: Acknowledged[]
  /** Keys that were answered with more than one submission. */
  splitKeys: string[]
  /** Requests that were answered with something no backend could act on. */
  refused: string[]
}

export type Posting = {
  companies: readonly StormCompany[]
  seed: string
  /** Invoices at most, spread evenly over the time. */
  count: number
  /**
   * Whether the next invoice had better wait: a machine that is slower than planned takes longer, and has no longer queue. The
   * plan waits with it: caught up with in a burst, a short queue would become a long one, again and again.
   */
  isBusy: () => Promise<boolean>
  durationMs: number
  /** What has not been posted by then never is. */
  givesUpAfterMs: number
  /** Share of numbers that another system registered first. */
  takenRate: number
  /** Filled as answers come. */
  load?: Load
}

/**
 * Invoices that a company posts one behind the other before it is silent for a while: its session has several, however fast the
 * machine is, and ends between them.
 */
const IN_A_ROW = 4
const LANES = 6
const AGAIN_MS = 200
const TRIES_MAX = 300
/** Share of posts that are sent twice although the first was answered. */
const TWICE_RATE = 0.03

export type Planned = { company: StormCompany; number: string; isTaken: boolean }

export function planInvoices(posting: Posting): Planned[] {
  return Array.from({ length: posting.count }, (_, index) => {
    const company = posting.companies[Math.floor(index / IN_A_ROW) % posting.companies.length]
    if (company === undefined) throw new Error('a storm needs companies')
    const number = `CH/${posting.seed}/${index + 1}`
    return { company, number, isTaken: chance(posting.seed, 'taken', number) < posting.takenRate }
  })
}

export const emptyLoad = (): Load => ({ acknowledged: [], splitKeys: [], refused: [] })

export async function postThrough(
  stack: Stack,
  planned: readonly Planned[],
  posting: Posting,
): Promise<Load> {
  const api = apiClient(stack.apiUrl, stack.apiKey)
  const { load = emptyLoad() } = posting
  const started = Date.now()
  const isOver = () => Date.now() - started > posting.givesUpAfterMs
  let next = 0
  let waitedMs = 0
  const dueInMs = (index: number) =>
    started + waitedMs + (index / planned.length) * posting.durationMs - Date.now()
  const turnOf = async (index: number) => {
    for (let dueMs = dueInMs(index); dueMs > 0; dueMs = dueInMs(index)) await sleep(dueMs)
    while ((await posting.isBusy()) && !isOver()) {
      await sleep(AGAIN_MS)
      waitedMs = Math.max(waitedMs, waitedMs - dueInMs(index))
    }
  }
  const lane = async () => {
    for (let index = next++; index < planned.length && !isOver(); index = next++) {
      await turnOf(index)
      const one = planned[index]
      if (one !== undefined) await postOne({ api, load, seed: posting.seed }, one)
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return load
}

type Backend = { api: ReturnType<typeof apiClient>; load: Load; seed: string }

async function postOne({ api, load, seed }: Backend, { company, number, isTaken }: Planned): Promise<void> {
  const xml = invoiceOf(company.nip, { number })
  const post = () => api.postInvoice(company.id, xml, { 'idempotency-key': `key-${number}` })
  const first = await insist(post)
  if (first?.status !== 202) {
    load.refused.push(`${number}: ${first?.status ?? 'no answer'} ${JSON.stringify(first?.body ?? null)}`)
    return
  }
  const { id } = first.body
  const { nip, id: companyId } = company
  load.acknowledged.push({ submissionId: id, companyId, nip, number, isTaken, hash: sha256Base64(xml) })
  if (chance(seed, 'twice', number) >= TWICE_RATE) return
  const second = await insist(post)
  if (second !== null && second.body.id !== id) load.splitKeys.push(number)
}

/** As a client should: the same request with the same key, until there is an answer that means something. */
async function insist(post: () => Promise<Answer<InvoiceView>>): Promise<Answer<InvoiceView> | null> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    try {
      const answer = await post()
      const comesLater = answer.status >= 500 || answer.status === 429 || answer.status === 409
      if (!comesLater) return answer
    } catch {
      // The line broke or nobody listens: whether it was accepted is not known, and the key makes asking again safe.
    }
    await sleep(AGAIN_MS)
  }
  return null
}
