/**
 * The moments at which a worker may die: before a request to KSeF leaves and after its answer arrived, before and after
 * each commit that writes. Their names follow from the client's operations and from what a transaction did, so that a new
 * operation or a new step becomes a moment by itself.
 */
import type { CompanyTransaction, FleetDatabase } from '@ksef-fleet/core'
import type { KsefHttp } from '@ksef-fleet/ksef'

/** @param moment e.g. `sendInvoice before`, `submissions.claimed-sent after`, `system sweep-due before` */
export type Passing = (moment: string) => void

export function mortalTransport(http: KsefHttp, passing: Passing): KsefHttp {
  const around = async <T>(operation: string, work: () => Promise<T>): Promise<T> => {
    passing(`${operation} before`)
    const result = await work()
    passing(`${operation} after`)
    return result
  }
  return {
    json: (call, schema) => around(call.operation, () => http.json(call, schema)),
    empty: (call) => around(call.operation, () => http.empty(call)),
    document: (call) => around(call.operation, () => http.document(call)),
    foreignJson: (operation, url, schema) =>
      around(operation, () => http.foreignJson(operation, url, schema)),
    foreignDocument: (url) => around('downloadUpo', () => http.foreignDocument(url)),
    download: (url, sink) => around('downloadExportPart', () => http.download(url, sink)),
    upload: (url, part) => around('uploadBatchPart', () => http.upload(url, part)),
  }
}

/** What a worker holds: told so that a death can say which invoices it struck. */
export type Holding = { take(submissionId: string): void; leave(submissionId: string): void }

export function mortalDatabase(
  db: FleetDatabase,
  { passing, holding }: { passing: Passing; holding: Holding },
): FleetDatabase {
  const around = async <T>(run: (note: Note) => Promise<T>): Promise<T> => {
    const done: Done[] = []
    const result = await run((one) => void done.push(one))
    const kind = kindOf(done)
    if (kind !== null) passing(`${kind} after`)
    for (const { at, given, answer } of done) tell(holding, { at, given, answer })
    return result
  }
  const beforeCommit = <T>(done: readonly Done[], result: T): T => {
    const kind = kindOf(done)
    if (kind !== null) passing(`${kind} before`)
    return result
  }
  return {
    withCompany: (companyId, work) =>
      around((note) =>
        db.withCompany(companyId, async (tx) => {
          const done: Done[] = []
          const both = (one: Done) => {
            done.push(one)
            note(one)
          }
          return beforeCommit(done, await work(watched(tx, both)))
        }),
      ),
    readCompany: (companyId, work) => db.readCompany(companyId, work),
    asSystem: async (reason, work) => {
      const silent = UNMOVED.has(reason)
      const result = await db.asSystem(reason, async (tx) => {
        const worked = await work(tx)
        if (!silent) passing(`system ${reason} before`)
        return worked
      })
      if (!silent) passing(`system ${reason} after`)
      return result
    },
  }
}

/** Work across companies that only reads. */
const UNMOVED: ReadonlySet<string> = new Set(['set-clock', 'measure', 'list-companies', 'read-audit'])

type Done = { at: string; given: readonly unknown[]; answer: unknown }
type Note = (done: Done) => void

/** The transaction, telling what is called on it. */
function watched(tx: CompanyTransaction, note: Note): CompanyTransaction {
  return new Proxy(tx, {
    get(target, store) {
      const methods: unknown = Reflect.get(target, store)
      if (typeof methods !== 'object' || methods === null) return methods
      return new Proxy(methods, {
        get(of, name) {
          const method: unknown = Reflect.get(of, name)
          if (typeof method !== 'function') return method
          return async (...given: unknown[]) => {
            const answer: unknown = await method.apply(of, given)
            note({ at: `${String(store)}.${String(name)}`, given, answer })
            return answer
          }
        },
      })
    },
  })
}

const READS =
  /\.(get|list|find|current|count|is|of|next|waiting|usable|lock|version|look|earlier)[A-Za-z]*$|^packages\.(pending|underWay|documents|parts|submissions)$|^inbox\.(states|underWay|audits|windows|known|missing|missingDue)$/

/** What a transaction is called: by the move of a state it made, else by its first write; null when it only read. */
function kindOf(done: readonly Done[]): string | null {
  const writes = done.filter(({ at, answer }) => !READS.test(at) && answer !== null && answer !== false)
  const move = writes.find(({ at }) => at.endsWith('.move'))
  if (move === undefined) return writes[0]?.at ?? null
  const { from, to } = moveOf(move)
  return `${move.at.replace('.move', '')}.${from}-${to}`
}

function moveOf({ given }: Done): { from: string; to: string } {
  const move: unknown = given[1]
  const read = (name: string) =>
    move !== null && typeof move === 'object' ? String(Reflect.get(move, name)) : ''
  return { from: read('from'), to: read('to') }
}

function tell(holding: Holding, done: Done): void {
  if (done.at === 'submissions.claimNext' && done.answer !== null) {
    holding.take(idOf(done.answer))
  } else if (done.at === 'submissions.move' && moveOf(done).from === 'claimed') {
    holding.leave(String(done.given[0]))
  }
}

const idOf = (submission: unknown): string =>
  submission !== null && typeof submission === 'object' ? String(Reflect.get(submission, 'id')) : ''
