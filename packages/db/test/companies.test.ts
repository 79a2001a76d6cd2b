import { randomUUID } from 'node:crypto'
import { type ApiKey, ApiKeyId, type Company, CompanyId } from '@ksef-fleet/core'
import { afterAll, describe, expect, test } from 'vitest'
import { insertCompany, insertIntegration, insertSubmission, newCompany, openFleet } from './fleet.ts'

const fleet = await openFleet()
const { db, admin } = fleet
afterAll(() => fleet[Symbol.asyncDispose]())

describe('companies', () => {
  test('are read through their own door only', async () => {
    const company = await insertCompany(fleet)
    expect(await db.withCompany(company.id, (tx) => tx.companies.get())).toEqual(company)
    expect(await db.withCompany(CompanyId.parse(randomUUID()), (tx) => tx.companies.get())).toBeNull()
  })

  test('are listed by the system, by id, strictly after the last', async () => {
    for (let at = 0; at < 5; at++) await insertCompany(fleet)
    const all = await db.asSystem('list-companies', (tx) => tx.companies.list({ limit: 1_000 }))
    expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).toSorted())
    const second = all[1]
    if (second === undefined) throw new Error('too few companies')
    const after = await db.asSystem('list-companies', (tx) =>
      tx.companies.list({ limit: 2, after: second.id }),
    )
    expect(after).toEqual(all.slice(2, 4))
  })

  test('have a NIP of their own, unless one is marked as sharing it', async () => {
    const { nip } = await insertCompany(fleet)
    const insert = (set: Partial<Company>) => {
      const company = newCompany({ nip, ...set })
      return db.withCompany(company.id, (tx) => tx.companies.insert(company))
    }
    await expect(insert({})).rejects.toMatchObject({ kind: 'conflict', constraint: 'companies_nip_key' })
    await insert({ nipShared: true })
    await insert({ nipShared: true })
  })

  test('cannot be inserted through another company’s door', async () => {
    const company = { ...(await insertCompany(fleet)), id: CompanyId.parse(randomUUID()) }
    const attempt = db.withCompany(CompanyId.parse(randomUUID()), (tx) => tx.companies.insert(company))
    await expect(attempt).rejects.toMatchObject({ kind: 'refused', sqlState: '42501' })
  })
})

describe('integrations', () => {
  test('keep what KSeF allows and refuses in their context; a block is never made shorter', async () => {
    const company = await insertCompany(fleet)
    const { id } = await insertIntegration(fleet, company)
    const limits = () => db.withCompany(company.id, (tx) => tx.limits.get(id))
    expect(await limits()).toEqual({ rate: null, sizes: null, readAt: null, blocks: {} })
    const at = new Date('2027-01-01T00:00:00.123Z')
    const rate = { invoiceSend: { perSecond: 1, perMinute: 2, perHour: 3 } }
    const session = { maxInvoiceSizeInMB: 1, maxInvoiceWithAttachmentSizeInMB: 3, maxInvoices: 7 }
    const sizes = { onlineSession: session, batchSession: session }
    await db.withCompany(company.id, (tx) => tx.limits.set(id, { rate, at }))
    await db.withCompany(company.id, (tx) => tx.limits.set(id, { sizes, at }))
    const later = new Date(at.getTime() + 1_000)
    await db.withCompany(company.id, async (tx) => {
      await tx.limits.block(id, 'invoiceSend', later)
      await tx.limits.block(id, 'invoiceSend', at)
      await tx.limits.block(id, 'other getRateLimits', at)
    })
    expect(await limits()).toEqual({
      rate,
      sizes,
      readAt: at,
      blocks: { invoiceSend: later, 'other getRateLimits': at },
    })
    const stranger = await insertCompany(fleet)
    const seen = await db.withCompany(stranger.id, (tx) => tx.limits.get(id))
    expect([seen.rate, seen.blocks]).toEqual([null, {}])
  })

  test('are read back whole; one per environment is not revoked', async () => {
    const company = await insertCompany(fleet)
    const integration = await insertIntegration(fleet, company, {
      failure: { code: 'X' },
      blockedUntil: new Date('2027-01-01T00:00:00Z'),
    })
    expect(await db.withCompany(company.id, (tx) => tx.integrations.get(integration.id))).toEqual(integration)
    await expect(insertIntegration(fleet, company)).rejects.toMatchObject({
      kind: 'conflict',
      constraint: 'ksef_integrations_current_key',
    })
    const demo = await insertIntegration(fleet, company, { environment: 'demo' })
    expect(await db.withCompany(company.id, (tx) => tx.integrations.current('demo'))).toEqual(demo)
    expect(await db.withCompany(company.id, (tx) => tx.integrations.list())).toEqual([integration, demo])
  })

  test('move by compare-and-swap with what the move sets', async () => {
    const company = await insertCompany(fleet)
    const { id } = await insertIntegration(fleet, company, { state: 'pending' })
    const verifiedAt = new Date('2026-11-22T12:00:00Z')
    const set = { permissionsInForce: ['InvoiceWrite'], verifiedAt, failure: null }
    const move = () =>
      db.withCompany(company.id, (tx) =>
        tx.integrations.move(id, { from: ['pending', 'failed'], to: 'active', set }),
      )
    expect([await move(), await move()]).toEqual([true, false])
    expect(await db.withCompany(company.id, (tx) => tx.integrations.get(id))).toMatchObject({
      state: 'active',
      ...set,
    })
    const none = await db.withCompany(company.id, (tx) =>
      tx.integrations.move(id, { from: [], to: 'failed' }),
    )
    expect(none).toBe(false)
  })

  test('once revoked make room for the next', async () => {
    const company = await insertCompany(fleet)
    const { id } = await insertIntegration(fleet, company)
    await db.withCompany(company.id, (tx) =>
      tx.integrations.move(id, { from: ['active'], to: 'revoked', set: { revokedAt: new Date() } }),
    )
    expect(await db.withCompany(company.id, (tx) => tx.integrations.current('test'))).toBeNull()
    const next = await insertIntegration(fleet, company)
    expect((await db.withCompany(company.id, (tx) => tx.integrations.current('test')))?.id).toBe(next.id)
  })

  test('a block is never shortened', async () => {
    const company = await insertCompany(fleet)
    const { id } = await insertIntegration(fleet, company)
    const [soon, later] = [new Date('2027-01-01T00:00:00Z'), new Date('2027-01-01T01:00:00Z')]
    const blockedAfter = async (until: Date) => {
      await db.withCompany(company.id, (tx) => tx.integrations.blockUntil(id, until))
      return (await db.withCompany(company.id, (tx) => tx.integrations.get(id)))?.blockedUntil
    }
    expect([await blockedAfter(soon), await blockedAfter(later), await blockedAfter(soon)]).toEqual([
      soon,
      later,
      later,
    ])
  })
})

describe('an integration', () => {
  test('keeps its proof, loses its activity with it, and is not made active without', async () => {
    const company = await insertCompany(fleet)
    const { id } = await insertIntegration(fleet, company, { state: 'pending', nipProof: null })
    const proof = { method: 'attested', at: new Date('2026-11-22T10:00:00.123Z'), by: 'key:1' } as const
    await db.withCompany(company.id, async ({ integrations }) => {
      await integrations.setNipProof(id, proof)
      expect(await integrations.get(id)).toMatchObject({ state: 'pending', nipProof: proof })
      await integrations.move(id, { from: ['pending'], to: 'active', set: { nipProof: proof } })
      await integrations.setNipProof(id, null)
      expect(await integrations.current('test')).toMatchObject({ state: 'pending', nipProof: null })
    })
    const attempt = db.withCompany(company.id, (tx) =>
      tx.integrations.move(id, { from: ['pending'], to: 'active' }),
    )
    await expect(attempt).rejects.toMatchObject({ constraint: 'ksef_integrations_active_is_proved' })
  })

  test('asks for scopes that KSeF knows', async () => {
    const company = await insertCompany(fleet)
    const { id } = await insertIntegration(fleet, company)
    await db.withCompany(company.id, async ({ integrations }) => {
      await integrations.setScopes(id, ['InvoiceRead'])
      expect(await integrations.list()).toMatchObject([{ scopes: ['InvoiceRead'] }])
    })
    const wild = admin.query(`update ksef_integrations set scopes = '{Everything}' where id = $1`, [id])
    await expect(wild).rejects.toMatchObject({ constraint: 'ksef_integrations_scopes' })
  })
})

describe('API keys', () => {
  const newKey = (companyId: CompanyId | null): ApiKey & { hash: string } => ({
    id: ApiKeyId.parse(randomUUID()),
    companyId,
    role: companyId === null ? 'administrator' : 'company',
    name: 'key',
    hint: 'kfc_abcdef',
    hash: randomUUID(),
    createdAt: new Date(),
    lastUsedAt: null,
    revokedAt: null,
    expiresAt: null,
  })

  test('of a company are its own to see; the provider sees every key, and all are found by hash', async () => {
    const company = await insertCompany(fleet)
    const [own, ofProvider] = [newKey(company.id), newKey(null)]
    await db.withCompany(company.id, (tx) => tx.apiKeys.insert(own))
    await db.asSystem('manage-api-keys', (tx) => tx.apiKeys.insert(ofProvider))
    const { hash: ownHash, ...ownKey } = own
    const { hash: providerHash, ...providerKey } = ofProvider
    expect(await db.withCompany(company.id, (tx) => tx.apiKeys.list())).toEqual([ownKey])
    expect(await db.asSystem('manage-api-keys', (tx) => tx.apiKeys.list())).toEqual(
      expect.arrayContaining([ownKey, providerKey]),
    )
    expect(await db.withCompany(company.id, (tx) => tx.apiKeys.get(ofProvider.id))).toBeNull()
    expect(await db.asSystem('manage-api-keys', (tx) => tx.apiKeys.get(own.id))).toEqual(ownKey)
    const find = (hash: string) => db.asSystem('authenticate', (tx) => tx.apiKeys.findByHash(hash))
    expect([await find(ownHash), await find(providerHash), await find('none')]).toEqual([
      ownKey,
      providerKey,
      null,
    ])
  })

  test('belong to whom they are made for', async () => {
    const company = await insertCompany(fleet)
    const wrong = db.asSystem('manage-api-keys', (tx) => tx.apiKeys.insert(newKey(company.id)))
    await expect(wrong).rejects.toThrow('a key belongs to whom it is made for')
    const provider = db.withCompany(company.id, (tx) => tx.apiKeys.insert(newKey(null)))
    await expect(provider).rejects.toThrow('a key belongs to whom it is made for')
  })

  test('are revoked once', async () => {
    const company = await insertCompany(fleet)
    const key = newKey(company.id)
    await db.withCompany(company.id, (tx) => tx.apiKeys.insert(key))
    const at = new Date('2026-11-22T12:00:00Z')
    const revoke = () => db.withCompany(company.id, (tx) => tx.apiKeys.revoke(key.id, at))
    expect([await revoke(), await revoke()]).toEqual([true, false])
    expect((await db.withCompany(company.id, (tx) => tx.apiKeys.get(key.id)))?.revokedAt).toEqual(at)
  })

  test('end when a newer takes their place, and never later than they would have', async () => {
    const company = await insertCompany(fleet)
    const key = newKey(company.id)
    await db.withCompany(company.id, async ({ apiKeys }) => {
      await apiKeys.insert(key)
      const [soon, later] = [new Date('2027-01-01T00:00:00Z'), new Date('2027-02-01T00:00:00Z')]
      expect(await apiKeys.expireAt(key.id, soon)).toBe(true)
      expect(await apiKeys.expireAt(key.id, later)).toBe(true)
      expect((await apiKeys.get(key.id))?.expiresAt).toEqual(soon)
      await apiKeys.revoke(key.id, soon)
      expect(await apiKeys.expireAt(key.id, soon)).toBe(false)
    })
  })

  test('of a company have a company’s role, and the provider’s one of the provider', async () => {
    const company = await insertCompany(fleet)
    const wide = { ...newKey(company.id), role: 'administrator' as const }
    const narrow = { ...newKey(null), role: 'company' as const }
    const refused = { constraint: 'api_keys_role_fits_owner' }
    await expect(db.withCompany(company.id, (tx) => tx.apiKeys.insert(wide))).rejects.toMatchObject(refused)
    await expect(db.asSystem('manage-api-keys', (tx) => tx.apiKeys.insert(narrow))).rejects.toMatchObject(
      refused,
    )
  })

  test('note their use at most once a minute', async () => {
    const company = await insertCompany(fleet)
    const key = newKey(company.id)
    await db.withCompany(company.id, (tx) => tx.apiKeys.insert(key))
    const touched = async () => {
      await db.asSystem('authenticate', (tx) => tx.apiKeys.touch(key.id))
      const { rows } = await admin.query('select xmin::text as version from api_keys where id = $1', [key.id])
      return rows[0].version
    }
    const first = await touched()
    expect(await touched()).toBe(first)
    await admin.query(`update api_keys set last_used_at = now() - interval '61 seconds' where id = $1`, [
      key.id,
    ])
    const { rows } = await admin.query('select xmin::text as version from api_keys where id = $1', [key.id])
    expect(await touched()).not.toBe(rows[0].version)
  })
})

describe('idempotency keys', () => {
  test('of fifty requests at once with one key, one creates and the rest find its work or that it is under way', async () => {
    const company = await insertCompany(fleet)
    const submission = await insertSubmission(fleet, company)
    const request = () =>
      db.withCompany(company.id, async (tx) => {
        if (!(await tx.idempotency.lock('key'))) return 'in progress'
        if ((await tx.idempotency.get('key')) !== null) return 'replayed'
        await tx.idempotency.insert({ key: 'key', fingerprint: 'f', submissionId: submission.id })
        return 'created'
      })
    const answers = await Promise.all(Array.from({ length: 50 }, request))
    expect(answers.filter((answer) => answer === 'created')).toHaveLength(1)
    expect(await request()).toBe('replayed')
    const entry = await db.withCompany(company.id, (tx) => tx.idempotency.get('key'))
    expect(entry).toEqual({ fingerprint: 'f', submissionId: submission.id, batchId: null })
  })

  test('of two companies do not meet, and a lock ends with its transaction', async () => {
    const [one, other] = [await insertCompany(fleet), await insertCompany(fleet)]
    await db.withCompany(one.id, async (tx) => {
      expect(await tx.idempotency.lock('key')).toBe(true)
      expect(await db.withCompany(other.id, (otherTx) => otherTx.idempotency.lock('key'))).toBe(true)
      expect(await db.withCompany(one.id, (sameTx) => sameTx.idempotency.lock('key'))).toBe(false)
    })
    expect(await db.withCompany(one.id, (tx) => tx.idempotency.lock('key'))).toBe(true)
  })
})

describe('an event', () => {
  const data = { version: 1, origin: 'supplied', notAfter: null }
  const event = { type: 'credential.rotated', subject: 's', key: 'k', data } as const

  test('is written once under its key for each company, and once for the provider', async () => {
    const [one, other] = [await insertCompany(fleet), await insertCompany(fleet)]
    const ofCompany = (company: Company) => db.withCompany(company.id, (tx) => tx.events.add(event))
    const ofProvider = () => db.asSystem('rotate-credentials', (tx) => tx.events.add(event))
    expect([await ofCompany(one), await ofCompany(one), await ofCompany(other)]).toEqual([true, false, true])
    expect([await ofProvider(), await ofProvider()]).toEqual([true, false])
    const { rows } = await admin.query('select company_id, data from events order by id')
    expect(rows).toEqual([one.id, other.id, null].map((id) => ({ company_id: id, data })))
  })

  test('that many notice at once is written once', async () => {
    const company = await insertCompany(fleet)
    const add = () => db.withCompany(company.id, (tx) => tx.events.add({ ...event, key: 'many' }))
    const answers = await Promise.all(Array.from({ length: 8 }, add))
    expect(answers.filter((added) => added)).toHaveLength(1)
  })
})
