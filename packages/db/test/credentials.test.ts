import { randomUUID } from 'node:crypto'
import { type Company, type Credential, SessionId } from '@ksef-fleet/core'
import { afterAll, describe, expect, test } from 'vitest'
import {
  FORM,
  insertCompany,
  insertSent,
  newCredential,
  newVersion,
  openFleet,
  openSession,
} from './fleet.ts'

const fleet = await openFleet()
const { db, admin } = fleet
afterAll(() => fleet[Symbol.asyncDispose]())

const DAY_MS = 86_400_000
const ahead = (days: number) => new Date(Date.now() + days * DAY_MS)

async function insertOwn(company: Company, set: Partial<Credential> = {}) {
  const credential = newCredential(company.id, set)
  await db.withCompany(company.id, (tx) => tx.credentials.insert(credential, newVersion(credential)))
  return credential
}

async function insertProviders(set: Partial<Credential> = {}) {
  const credential = newCredential(null, set)
  await db.asSystem('manage-credentials', (tx) => tx.credentials.insert(credential, newVersion(credential)))
  return credential
}

describe('a credential', () => {
  test('is read back whole with its versions, a token with its context', async () => {
    const company = await insertCompany(fleet)
    const context = { type: 'Nip' as const, value: company.nip }
    const credential = newCredential(company.id, { kind: 'token', context, autoRenew: true })
    const first = newVersion(credential, { notAfter: null, failure: { code: 'X', description: 'y' } })
    await db.withCompany(company.id, async (tx) => {
      await tx.credentials.insert(credential, first)
      expect(await tx.credentials.get(credential.id)).toEqual(credential)
      expect(await tx.credentials.list()).toEqual([credential])
      expect(await tx.credentials.versions(credential.id)).toEqual([first])
      expect(await tx.credentials.version(credential.id, 1)).toEqual(first)
      expect(await tx.credentials.version(credential.id, 2)).toBeNull()
    })
  })

  test('without a context is no token, and with one no certificate', async () => {
    const company = await insertCompany(fleet)
    await expect(insertOwn(company, { kind: 'token' })).rejects.toMatchObject({ sqlState: '23514' })
    const context = { type: 'Nip' as const, value: company.nip }
    await expect(insertOwn(company, { context })).rejects.toMatchObject({ sqlState: '23514' })
  })

  test('ends once, dated', async () => {
    const company = await insertCompany(fleet)
    const { id } = await insertOwn(company)
    await db.withCompany(company.id, async (tx) => {
      expect(await tx.credentials.move(id, { from: 'active', to: 'ending' })).toBe(true)
      expect(await tx.credentials.move(id, { from: 'active', to: 'ending' })).toBe(false)
      expect(await tx.credentials.move(id, { from: 'ending', to: 'ended' })).toBe(true)
      await tx.credentials.setAutoRenew(id, true)
      const read = await tx.credentials.get(id)
      expect(read).toMatchObject({ state: 'ended', autoRenew: true, endedAt: expect.any(Date) })
    })
  })

  test('of another company is neither seen nor moved', async () => {
    const [one, other] = [await insertCompany(fleet), await insertCompany(fleet)]
    const { id } = await insertOwn(one)
    await db.withCompany(other.id, async (tx) => {
      expect(await tx.credentials.get(id)).toBeNull()
      expect(await tx.credentials.versions(id)).toEqual([])
      expect(await tx.credentials.move(id, { from: 'active', to: 'ending' })).toBe(false)
    })
  })
})

describe('the provider’s credential', () => {
  test('is seen by a company, listed as its own by the system alone, and written by no company', async () => {
    const company = await insertCompany(fleet)
    const own = await insertOwn(company)
    const providers = await insertProviders({ environment: 'demo' })
    await db.withCompany(company.id, async (tx) => {
      expect(await tx.credentials.get(providers.id)).toEqual(providers)
      expect(await tx.credentials.list()).toEqual([own])
      expect(await tx.credentials.versions(providers.id)).toHaveLength(1)
      expect(await tx.credentials.move(providers.id, { from: 'active', to: 'ending' })).toBe(false)
      const move = { from: 'active', to: 'retiring' } as const
      expect(await tx.credentials.moveVersion(providers.id, 1, move)).toBe(false)
    })
    const listed = await db.asSystem('manage-credentials', (tx) => tx.credentials.list())
    expect(listed).toEqual([providers])
    expect(await db.asSystem('manage-credentials', (tx) => tx.credentials.get(own.id))).toBeNull()
    const credential = newCredential(null)
    const attempt = db.withCompany(company.id, (tx) =>
      tx.credentials.insert(credential, newVersion(credential)),
    )
    await expect(attempt).rejects.toThrow('belongs to whom it is stored for')
  })

  test('comes after the company’s own among the usable, which have an active version and their environment', async () => {
    const company = await insertCompany(fleet)
    const providers = await insertProviders()
    const own = await insertOwn(company)
    await insertOwn(company, { environment: 'production' })
    const ending = await insertOwn(company)
    const staged = newCredential(company.id)
    await db.withCompany(company.id, async (tx) => {
      await tx.credentials.move(ending.id, { from: 'active', to: 'ending' })
      const first = newVersion(staged, { state: 'staged', nextStepAt: new Date() })
      await tx.credentials.insert(staged, first)
      const usable = await tx.credentials.usable('test')
      expect(usable.map(({ id }) => id)).toEqual([own.id, providers.id])
      expect(usable[0]?.version).toMatchObject({ credentialId: own.id, number: 1, state: 'active' })
    })
    const usable = await db.asSystem('manage-credentials', (tx) => tx.credentials.usable('test'))
    expect(usable.map(({ id }) => id)).toEqual([providers.id])
  })
})

describe('a version', () => {
  test('goes its way by compare-and-swap; entering a state makes its step due and its tries none', async () => {
    const company = await insertCompany(fleet)
    const credential = await insertOwn(company)
    const next = newVersion(credential, {
      number: 2,
      state: 'staged',
      nextStepAt: ahead(1),
      tries: 3,
      activatedAt: null,
    })
    await db.withCompany(company.id, async (tx) => {
      const { credentials } = tx
      await credentials.insertVersion(next)
      const read = (number: number) => credentials.version(credential.id, number)
      const set = { nextNoticeAt: ahead(30) }
      expect(await credentials.moveVersion(credential.id, 2, { from: 'staged', to: 'proved' })).toBe(true)
      expect(await credentials.moveVersion(credential.id, 2, { from: 'staged', to: 'proved' })).toBe(false)
      expect(await read(2)).toMatchObject({ state: 'proved', tries: 0, nextStepAt: expect.any(Date) })
      expect(await credentials.moveVersion(credential.id, 1, { from: 'active', to: 'retiring' })).toBe(true)
      expect(await credentials.moveVersion(credential.id, 2, { from: 'proved', to: 'active', set })).toBe(
        true,
      )
      expect(await read(1)).toMatchObject({ retiredAt: expect.any(Date), nextStepAt: expect.any(Date) })
      expect(await read(2)).toMatchObject({ activatedAt: expect.any(Date), nextStepAt: null, ...set })
    })
  })

  test('is the only active one of its credential', async () => {
    const company = await insertCompany(fleet)
    const credential = await insertOwn(company)
    const attempt = db.withCompany(company.id, (tx) =>
      tx.credentials.insertVersion(newVersion(credential, { number: 2 })),
    )
    await expect(attempt).rejects.toMatchObject({ constraint: 'ksef_credential_versions_active_key' })
  })

  test('on its way cannot stand without a timer, nor go where its table does not lead', async () => {
    const company = await insertCompany(fleet)
    const credential = await insertOwn(company)
    const untimed = db.withCompany(company.id, (tx) =>
      tx.credentials.insertVersion(newVersion(credential, { number: 2, state: 'staged' })),
    )
    await expect(untimed).rejects.toMatchObject({ constraint: 'ksef_credential_versions_way_is_timed' })
    const wild = db.withCompany(company.id, (tx) =>
      tx.credentials.moveVersion(credential.id, 1, { from: 'active', to: 'erased' }),
    )
    await expect(wild).rejects.toThrow('cannot go from active to erased')
  })

  test('is touched in its state and at its try only, so that of two workers one takes a step', async () => {
    const company = await insertCompany(fleet)
    const { id } = await insertOwn(company)
    await db.withCompany(company.id, async ({ credentials }) => {
      const take = () => credentials.touchVersion(id, 1, { state: 'active', tries: 0, set: { tries: 1 } })
      expect([await take(), await take()]).toEqual([true, false])
      expect(await credentials.touchVersion(id, 1, { state: 'staged', set: { tries: 2 } })).toBe(false)
    })
  })

  test('cannot be of a credential of another company', async () => {
    const [one, other] = [await insertCompany(fleet), await insertCompany(fleet)]
    const theirs = await insertOwn(other)
    const attempt = db.withCompany(one.id, (tx) =>
      tx.credentials.insertVersion(
        newVersion(theirs, { number: 2, state: 'staged', nextStepAt: new Date() }),
      ),
    )
    await expect(attempt).rejects.toMatchObject({ sqlState: '23503' })
  })
})

describe('sessions of a version', () => {
  test('are those unsettled, of one company in its door and of all through the system’s', async () => {
    const companies = [await insertCompany(fleet), await insertCompany(fleet)]
    const { id: credentialId } = await insertProviders()
    const opened = await Promise.all(
      companies.map(async (company) => {
        const id = SessionId.parse(randomUUID())
        const session = { id, environment: 'test', formCode: FORM, sealedKey: 'k', leaseSeconds: 60 } as const
        const version = { credentialId, credentialVersion: 1 }
        await db.withCompany(company.id, (tx) => tx.sessions.insertOpening({ ...session, ...version }))
        const ofVersion = await db.withCompany(company.id, (tx) => tx.sessions.ofVersion(credentialId, 1))
        expect(ofVersion).toMatchObject([{ id, ...version }])
        return { companyId: company.id, id }
      }),
    )
    const unsettled = () =>
      db.asSystem('rotate-credentials', (tx) => tx.credentials.unsettledSessions(credentialId, 1))
    expect(new Set(await unsettled())).toEqual(new Set(opened))
    for (const { companyId, id } of opened)
      await db.withCompany(companyId, (tx) => tx.sessions.move(id, { from: 'opening', to: 'abandoned' }))
    expect(await unsettled()).toEqual([])
  })
})

describe('sessions that are settled', () => {
  test('still count for their version while KSeF is to be asked about an invoice in them', async () => {
    const company = await insertCompany(fleet)
    const { id: credentialId } = await insertProviders()
    const sessionId = await openSession(fleet, company)
    const submission = await insertSent(fleet, company, sessionId)
    await admin.query(
      `update sessions set state = 'settled', credential_id = $2, credential_version = 1 where id = $1`,
      [sessionId, credentialId],
    )
    const found = () =>
      Promise.all([
        db.withCompany(company.id, (tx) => tx.sessions.ofVersion(credentialId, 1)),
        db.asSystem('rotate-credentials', (tx) => tx.credentials.unsettledSessions(credentialId, 1)),
      ])
    for (const state of ['sent', 'lost', 'registered']) {
      await admin.query(
        `update submissions set state = $2, ksef_number = $3, registered_at = now() where id = $1`,
        [submission.id, state, state === 'registered' ? '5265877635-20261122-0100001-AF' : null],
      )
      expect(await found()).toMatchObject([[{ id: sessionId }], [{ id: sessionId }]])
    }
    await admin.query(`update submissions set state = 'held', reason = '{"code":"X"}' where id = $1`, [
      submission.id,
    ])
    expect(await found()).toEqual([[], []])
  })
})

describe('a certificate', () => {
  test('is used elsewhere while another credential, of whomever, signs in with it', async () => {
    const companies = [await insertCompany(fleet), await insertCompany(fleet)] as const
    const fingerprint = randomUUID()
    const [one, other] = companies.map((company) => newCredential(company.id))
    if (one === undefined || other === undefined) throw new Error('two companies')
    for (const credential of [one, other])
      await db.withCompany(credential.companyId!, (tx) =>
        tx.credentials.insert(credential, newVersion(credential, { fingerprint })),
      )
    const isUsed = (of: string | null) =>
      db.asSystem('rotate-credentials', (tx) =>
        tx.credentials.isUsedElsewhere({ credentialId: one.id, fingerprint: of, referenceNumber: null }),
      )
    expect(await isUsed(fingerprint)).toBe(true)
    expect(await isUsed(randomUUID())).toBe(false)
    expect(await isUsed(null)).toBe(false)
    await db.withCompany(companies[1].id, (tx) =>
      tx.credentials.move(other.id, { from: 'active', to: 'ending' }),
    )
    expect(await isUsed(fingerprint)).toBe(false)
  })
})

describe('the status of credentials', () => {
  test('tells the window in which each ends, and the forecast counts them', async () => {
    await using own = await openFleet()
    const company = await insertCompany(own)
    const ends = [null, -1, 0.5, 6, 13, 29, 31]
    for (const days of ends) {
      const credential = newCredential(company.id, { name: String(days) })
      const version = newVersion(credential, { notAfter: days === null ? null : ahead(days) })
      await own.db.withCompany(company.id, (tx) => tx.credentials.insert(credential, version))
    }
    const { rows } = await own.admin.query(
      'select name, expiry_window as window, days_left from ksef_credential_status order by not_after nulls first',
    )
    expect(rows).toEqual([
      { name: 'null', window: 'never', days_left: null },
      { name: '-1', window: 'expired', days_left: -2 },
      { name: '0.5', window: 'within-1-day', days_left: 0 },
      { name: '6', window: 'within-7-days', days_left: 5 },
      { name: '13', window: 'within-14-days', days_left: 12 },
      { name: '29', window: 'within-30-days', days_left: 28 },
      { name: '31', window: 'later', days_left: 30 },
    ])
    const forecast = await own.db.asSystem('measure', (tx) => tx.credentials.forecast())
    expect(forecast).toEqual(
      ['expired', 'within-1-day', 'within-7-days', 'within-14-days', 'within-30-days', 'later', 'never'].map(
        (window) => ({ window, count: 1 }),
      ),
    )
  })

  test('shows a rotation beside the version that signs in', async () => {
    const company = await insertCompany(fleet)
    const credential = await insertOwn(company)
    await db.withCompany(company.id, (tx) =>
      tx.credentials.insertVersion(
        newVersion(credential, {
          number: 2,
          state: 'staged',
          nextStepAt: new Date(),
          failure: { code: 'X' },
        }),
      ),
    )
    const { rows } = await admin.query('select * from ksef_credential_status where credential_id = $1', [
      credential.id,
    ])
    expect(rows).toMatchObject([
      { version: 1, version_state: 'active', rotation_version: 2, rotation_state: 'staged' },
    ])
  })
})
