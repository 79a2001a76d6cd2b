import { randomUUID } from 'node:crypto'
import {
  type Batch,
  BatchId,
  type Company,
  CredentialId,
  DocumentId,
  EVENT_TYPES,
  type FleetEvent,
  isEventType,
  placeEvents,
  SessionId,
  type StoredEvent,
  type Submission,
  type SubmissionState,
} from '@ksef-fleet/core'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { GROUP, insertCompany, NO_VERSION, newSubmission, openFleet } from './fleet.ts'

const fleet = await openFleet()
const { db, admin } = fleet
afterAll(() => fleet[Symbol.asyncDispose]())

const KSEF_NUMBER = '5265877635-20261122-0000014EA18E-17'
const ALL = { after: 0, through: Number.MAX_SAFE_INTEGER, limit: 1_000 }

const told = (subject: string, key: string = subject): FleetEvent => ({
  type: 'integration.revoked',
  subject,
  key,
  data: { held: 0 },
})
const tell = (company: Company, subject: string) =>
  db.withCompany(company.id, (tx) => tx.events.add(told(subject)))
async function placeAll(): Promise<void> {
  while ((await placeEvents(db))?.placed.events !== 0);
}
const logOf = (company: Company): Promise<StoredEvent[]> =>
  db.readCompany(company.id, ({ events }) => events.list(ALL))
const subjects = async (company: Company) => (await logOf(company)).map(({ subject }) => subject)

describe('the log', () => {
  beforeEach(placeAll)

  test('counts each company’s events from one, and everyone’s together', async () => {
    const [one, other] = [await insertCompany(fleet), await insertCompany(fleet)]
    for (const subject of ['a', 'b']) await tell(one, subject)
    await tell(other, 'c')
    await db.asSystem('place-events', (tx) => tx.events.add(told('d', randomUUID())))
    const done = await placeEvents(db)
    expect(done?.placed).toMatchObject({ events: 4 })
    expect(new Set(done?.placed.owners)).toEqual(new Set([one.id, other.id, null]))
    await tell(one, 'e')
    expect((await placeEvents(db))?.placed).toMatchObject({ events: 1, owners: [one.id] })
    const sequences = (await logOf(one)).map(({ subject, sequence }) => [subject, sequence])
    expect(sequences).toEqual([
      ['a', 1],
      ['b', 2],
      ['e', 3],
    ])
    expect(await subjects(other)).toEqual(['c'])
    const everyone = await db.asSystem('read-events', ({ events }) => events.list(ALL))
    const positions = everyone.map(({ position }) => position)
    expect(positions).toEqual(positions.map((_, index) => index + 1))
    expect(await db.asSystem('read-events', ({ events }) => events.head())).toBe(positions.length)
  })

  test('what is written and has no place yet is not read', async () => {
    const company = await insertCompany(fleet)
    await tell(company, 'a')
    expect(await subjects(company)).toEqual([])
    expect(await db.readCompany(company.id, ({ events }) => events.head())).toBe(0)
  })

  test('an event that commits late comes after those that were read, and is not missed', async () => {
    const company = await insertCompany(fleet)
    const { promise: mayCommit, resolve: commit } = Promise.withResolvers<void>()
    const { promise: isWritten, resolve: written } = Promise.withResolvers<void>()
    const late = db.withCompany(company.id, async (tx) => {
      await tx.events.add(told('early id, late commit'))
      written()
      await mayCommit
    })
    await isWritten
    await tell(company, 'meanwhile')
    await placeEvents(db)
    expect(await subjects(company)).toEqual(['meanwhile'])
    commit()
    await late
    await placeEvents(db)
    expect(await subjects(company)).toEqual(['meanwhile', 'early id, late commit'])
  })

  test('many writers and several that give places at once: a reader by cursor gets each once, in growing order', async () => {
    const companies = [await insertCompany(fleet), await insertCompany(fleet)]
    let isWriting = true
    const writers = companies.flatMap((company) =>
      Array.from({ length: 4 }, async (_, writer) => {
        for (let number = 0; number < 25; number++) {
          await db.withCompany(company.id, async (tx) => {
            await tx.events.add(told(`${writer}-${number}`))
            // Some hold their transaction open while others commit.
            if (number % 5 === writer) await new Promise((resolve) => setTimeout(resolve, 5))
          })
        }
      }),
    )
    const placers = Array.from({ length: 2 }, async () => {
      while (isWriting) await placeEvents(db)
    })
    const readers = companies.map(async (company) => {
      const read: StoredEvent[] = []
      for (let last = false; ; last = !isWriting) {
        const after = read.at(-1)?.sequence ?? 0
        read.push(...(await db.readCompany(company.id, ({ events }) => events.list({ ...ALL, after }))))
        if (last) return read
      }
    })
    await Promise.all(writers)
    await placeEvents(db)
    await placeAll()
    isWriting = false
    await Promise.all(placers)
    for (const read of await Promise.all(readers)) {
      expect(read.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 100 }, (_, at) => at + 1))
      expect(new Set(read.map(({ subject }) => subject)).size).toBe(100)
      // Of one writer each event was written after the one before had committed.
      for (let writer = 0; writer < 4; writer++) {
        const own = read.flatMap(({ subject }) => (subject.startsWith(`${writer}-`) ? [subject] : []))
        expect(own).toEqual(own.map((_, number) => `${writer}-${number}`))
      }
    }
  })

  test('a page ends where it is told, and takes the types it is told', async () => {
    const company = await insertCompany(fleet)
    for (const subject of ['a', 'b', 'c', 'd']) await tell(company, subject)
    await placeEvents(db)
    const list = (stretch: Partial<typeof ALL> & { types?: string[] }) =>
      db.readCompany(company.id, async ({ events }) =>
        (await events.list({ ...ALL, ...stretch })).map(({ subject }) => subject),
      )
    expect(await list({ after: 1, limit: 2 })).toEqual(['b', 'c'])
    expect(await list({ through: 2 })).toEqual(['a', 'b'])
    expect(await list({ types: ['integration.failed'] })).toEqual([])
    expect(await list({ types: ['integration.failed', 'integration.revoked'] })).toHaveLength(4)
  })

  test('many are added at once, each once under its key', async () => {
    const company = await insertCompany(fleet)
    const events = Array.from({ length: 1_500 }, (_, number) => told(String(number)))
    const addAll = () => db.withCompany(company.id, (tx) => tx.events.addAll(events))
    expect([await addAll(), await addAll()]).toEqual([1_500, 0])
  })
})

describe('of an invoice', () => {
  const batchOf = (company: Company, count: number): Batch => ({
    id: BatchId.parse(randomUUID()),
    companyId: company.id,
    environment: 'test',
    source: 'files',
    invoiceCount: count,
    createdAt: new Date(),
  })

  async function inBatch(company: Company, count: number, set: Partial<Submission> = {}) {
    const batch = batchOf(company, count)
    const made = Array.from({ length: count }, () =>
      newSubmission(company, { nextAttemptAt: new Date(1_000), batchId: batch.id, ...set }),
    )
    await db.withCompany(company.id, async (tx) => {
      await tx.batches.insert(batch)
      await tx.documents.insertAll(
        made.map(({ documentId, invoiceHash }) => ({
          id: documentId,
          environment: 'test',
          direction: 'outgoing',
          kind: 'invoice',
          hash: invoiceHash,
          content: Buffer.from('<xml/>'),
        })),
      )
      await tx.submissions.insertAll(made)
    })
    return { batch, made }
  }

  /** The log's events, each of the form that the API promises. */
  async function log(company: Company): Promise<StoredEvent[]> {
    await placeAll()
    const events = await logOf(company)
    for (const { type, version, data } of events) {
      if (!isEventType(type)) throw new Error(`unknown type ${type}`)
      expect(version).toBe(EVENT_TYPES[type].version)
      expect(EVENT_TYPES[type].data.parse(data)).toEqual(data)
    }
    return events
  }
  const types = async (company: Company) => (await log(company)).map(({ type }) => type)

  async function sentSession(company: Company): Promise<SessionId> {
    const id = SessionId.parse(randomUUID())
    await db.withCompany(company.id, async (tx) => {
      await tx.sessions.insertOpening({
        ...{ id, environment: 'test', formCode: 'FA (3)', sealedKey: 's', ...NO_VERSION },
        leaseSeconds: 60,
      })
    })
    return id
  }

  const place = (one: Submission, [from, to]: [SubmissionState, SubmissionState], set = {}) =>
    db.withCompany(one.companyId, (tx) => tx.submissions.move(one.id, { from, to, set }))

  async function upoOf(one: Submission): Promise<DocumentId> {
    const id = DocumentId.parse(randomUUID())
    await db.withCompany(one.companyId, (tx) =>
      tx.documents.insert({
        ...{ id, environment: 'test', direction: 'outgoing', kind: 'upo', hash: 'h' },
        content: Buffer.from('<upo/>'),
        ksefNumber: `upo-${id}`,
      }),
    )
    return id
  }

  test('each of its ends is told with what it came to, once, and its batch’s with the last', async () => {
    const company = await insertCompany(fleet)
    const sessionId = await sentSession(company)
    const { batch, made } = await inBatch(company, 2, { state: 'sent', sessionId, nextPollAt: new Date() })
    const [one, other] = made as [Submission, Submission]
    const reason = { code: 'KSEF_DUPLICATE', ksefCode: 440, originalKsefNumber: KSEF_NUMBER } as const
    expect(await place(one, ['sent', 'rejected'], { reason, nextPollAt: null })).toBe(true)
    expect(await place(one, ['sent', 'rejected'], { reason, nextPollAt: null })).toBe(false)
    const at = new Date()
    const registered = {
      ksefNumber: KSEF_NUMBER,
      registeredAt: at,
      invoicingMode: 'Offline',
      nextPollAt: at,
    } as const
    await place(other, ['sent', 'registered'], registered)
    await place(other, ['registered', 'receipted'], { upoDocumentId: await upoOf(other), nextPollAt: null })
    const events = await log(company)
    expect(events.map(({ type, subject }) => [type, subject])).toEqual([
      ['invoice.rejected', one.id],
      ['invoice.registered', other.id],
      ['invoice.receipted', other.id],
      ['batch.completed', batch.id],
    ])
    expect(events[0]?.data).toMatchObject({ code: 'KSEF_DUPLICATE', ksefCode: 440, batchId: batch.id })
    const told = {
      ksefNumber: KSEF_NUMBER,
      number: other.number,
      invoicingMode: 'Offline',
      offlineMode: null,
    }
    expect(events[1]?.data).toMatchObject(told)
    expect(events[2]?.data).toMatchObject(told)
    expect(events[3]?.data).toMatchObject({ invoices: 2, receipted: 1, rejected: 1 })
  })

  test('one that is held again, or rejected again after a retry, is told again', async () => {
    const company = await insertCompany(fleet)
    const { made } = await inBatch(company, 1)
    const [one] = made as [Submission]
    const reason = { code: 'HELD_BY_REQUEST' } as const
    for (let time = 0; time < 2; time++) {
      await place(one, ['pending', 'held'], { reason })
      await place(one, ['held', 'pending'], { reason: null, nextAttemptAt: new Date() })
    }
    expect(await types(company)).toEqual(['invoice.held', 'invoice.held'])
  })

  test('all that are held together are told', async () => {
    const company = await insertCompany(fleet)
    const { made } = await inBatch(company, 3)
    const held = await db.withCompany(company.id, (tx) =>
      tx.submissions.hold('test', { code: 'INTEGRATION_REVOKED' }),
    )
    expect(held).toBe(3)
    expect((await log(company)).map(({ subject }) => subject).sort()).toEqual(made.map(({ id }) => id).sort())
  })

  test('a package’s are told in the statements that register and receipt them', async () => {
    const company = await insertCompany(fleet)
    const { batch, made } = await inBatch(company, 5)
    const id = SessionId.parse(randomUUID())
    const own = (number: number) => `${KSEF_NUMBER}${number}`
    await db.withCompany(company.id, async (tx) => {
      await tx.packages.pack({
        ...{ id, environment: 'test', group: GROUP, count: 5, bytesMax: 1_000_000, compression: 'TarGz' },
        ...{ sealedKey: 's', credentialId: CredentialId.parse(randomUUID()), credentialVersion: 1 },
      })
      const registered = made.map((one, number) => ({
        ...{ id: one.id, ksefNumber: own(number), referenceNumber: `r${number}` },
        ...{ invoicingMode: number === 0 ? ('Offline' as const) : ('Online' as const), upoDownloadUrl: null },
      }))
      await tx.packages.register(id, registered, new Date())
      await tx.packages.register(id, registered, new Date())
    })
    const receipt = () =>
      db.withCompany(company.id, (tx) =>
        tx.packages.receipt(
          id,
          made.map((one, number) => ({
            ...{ id: DocumentId.parse(randomUUID()), submissionId: one.id, ksefNumber: own(number) },
            ...{ hash: 'h', content: Buffer.from('<upo/>') },
          })),
        ),
      )
    await receipt()
    await receipt()
    const told = (await log(company)).map(({ type, subject }) => `${type} ${subject}`)
    expect(told.slice(0, 5).sort()).toEqual(made.map((one) => `invoice.registered ${one.id}`).sort())
    expect(told.slice(5, 10).sort()).toEqual(made.map((one) => `invoice.receipted ${one.id}`).sort())
    expect(told.slice(10)).toEqual([`batch.completed ${batch.id}`])
    const modes = new Map((await log(company)).map(({ subject, data }) => [subject, data.invoicingMode]))
    expect(made.map(({ id }) => modes.get(id))).toEqual(['Offline', 'Online', 'Online', 'Online', 'Online'])
  })

  test('of two that end a batch at the same time one tells its end', async () => {
    const company = await insertCompany(fleet)
    const sessionId = await sentSession(company)
    for (let round = 0; round < 5; round++) {
      const { made } = await inBatch(company, 2, { state: 'sent', sessionId, nextPollAt: new Date() })
      const reason = { code: 'KSEF_DUPLICATE' } as const
      await Promise.all(made.map((one) => place(one, ['sent', 'rejected'], { reason, nextPollAt: null })))
    }
    expect((await types(company)).filter((type) => type === 'batch.completed')).toHaveLength(5)
  })

  test('what is rolled back was not told', async () => {
    const company = await insertCompany(fleet)
    const { made } = await inBatch(company, 1)
    const [one] = made as [Submission]
    const undone = db.withCompany(company.id, async (tx) => {
      await tx.submissions.move(one.id, {
        from: 'pending',
        to: 'held',
        set: { reason: { code: 'HELD_BY_REQUEST' } },
      })
      throw new Error('no')
    })
    await expect(undone).rejects.toThrow('no')
    expect(await types(company)).toEqual([])
  })
})

test('events of other companies are not read, whatever is asked', async () => {
  const [one, other] = [await insertCompany(fleet), await insertCompany(fleet)]
  await tell(other, 'theirs')
  await placeEvents(db)
  const list = await db.readCompany(one.id, ({ events }) => events.list({ ...ALL, companyId: other.id }))
  expect(list).toEqual([])
  const { rows } = await admin.query('select count(*)::int as unplaced from events where position is null')
  expect(rows).toEqual([{ unplaced: 0 }])
})
