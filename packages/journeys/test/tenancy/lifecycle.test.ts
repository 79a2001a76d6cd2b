/** From a credential's first day to its last: renewed, told of, replaced when dead, refused when worse, and ended with its company. */
import {
  attestNip,
  type CompanyId,
  createCompany,
  createCredential,
  createIntegration,
  Nip,
  offboardCompany,
  requestProof,
  requestRotation,
  revokeCredential,
  type SubmissionState,
  type Successor,
  type SuppliedCredential,
} from '@ksef-fleet/core'
import { type KsefClient, loadCertificate } from '@ksef-fleet/ksef'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sealOf } from '../../src/fleet/demo-company.ts'
import { type DeliveryFleet, invoiceOf, startDeliveryFleet } from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import { drive } from '../delivery/drive.ts'
import { arm, calm } from '../delivery/faults.ts'
import { checkLedger, postsOf } from '../delivery/ledger-check.ts'
import { clientOf, type OwnersView, ownersView, seal } from './credentials-at-ksef.ts'
import { spin, unreceipted, versionStates, versionsOf } from './rotation-story.ts'

const actor = 'story'

let fleet: DeliveryFleet
let worker: DeliveryWorker
let ksef: KsefClient
let nips = 5_263_000_000

beforeAll(async () => {
  fleet = await startDeliveryFleet({ processingDelayMs: 20 })
  worker = fleet.worker({ timing: { sessionIdleSeconds: 0.3 } })
  ksef = clientOf(fleet.ksefUrl)
})
afterAll(async () => {
  await ksef?.close()
  await fleet?.close()
})

type Client = { id: CompanyId; nip: string; owner: OwnersView }

async function client(credentialOf: (owner: OwnersView) => Promise<SuppliedCredential>): Promise<Client> {
  const nip = String(++nips)
  const owner = await ownersView(ksef, fleet.ksefUrl, nip)
  const { context } = worker
  const { id } = await createCompany(context, { nip: Nip.parse(nip), name: `Firma ${nip}`, actor })
  const credential = await credentialOf(owner)
  const integration = await createIntegration(context, {
    companyId: id,
    credential,
    scopes: ['InvoiceRead', 'InvoiceWrite'],
    actor,
  })
  await worker.run('verify-integration', { companyId: id, integrationId: integration.id })
  return { id, nip, owner }
}

async function rotate({ id }: Client, successor: Successor): Promise<void> {
  const { credential } = await versionsOf(fleet, id)
  await requestRotation(worker.context, { owner: id, credentialId: credential.id, successor, actor })
}

/** Turns the wheel until the versions stand so, written as `<state of version 1> <state of version 2> …`. */
async function untilVersions({ id }: Pick<Client, 'id'>, wanted: string): Promise<void> {
  await spin(fleet, {
    companies: [id],
    rotating: [worker],
    delivering: [worker],
    done: async () => (await versionStates(fleet, [id])).has(wanted),
  })
}

async function eventsOf({ id }: Client, type: string): Promise<Record<string, unknown>[]> {
  const { rows } = await fleet.admin.query<{ data: Record<string, unknown> }>(
    'select data from events where company_id = $1 and type = $2 order by id',
    [id, type],
  )
  return rows.map(({ data }) => data)
}

const states = async ({ id }: Client): Promise<SubmissionState[]> =>
  (await fleet.submissions(id)).map(({ state }) => state).sort()

async function accept(of: Client, ...numbers: string[]): Promise<void> {
  for (const number of numbers) await fleet.accept(of.id, invoiceOf(of.nip, number))
}

const deliver = (of: Client) =>
  drive(fleet, [worker], {
    companies: [of.id],
    until: async () => (await unreceipted(fleet, [of.id])) === 0,
  })

describe('a successor that is no good', () => {
  test('because it was revoked fails at its proof, and what signs in now goes on', async () => {
    const company = await client((owner) => owner.newToken())
    const dead = await company.owner.newToken()
    const [latest] = await company.owner.tokens()
    await fleet.control('POST', '/revocations', { tokenReferenceNumber: latest?.referenceNumber })
    await rotate(company, { origin: 'supplied', credential: dead })
    await untilVersions(company, 'active erased')

    const { credential, versions } = await versionsOf(fleet, company.id)
    expect(versions[1]?.failure).toMatchObject({ code: 'CREDENTIAL_REFUSED' })
    expect(await eventsOf(company, 'credential.failed')).toMatchObject([
      { version: 2, code: 'CREDENTIAL_REFUSED' },
    ])
    worker.context.secrets.dropSecret(credential.id)
    await expect(worker.context.secrets.getSecret(credential, versions[1]!)).rejects.toMatchObject({
      code: 'SECRET_BROKEN',
    })
    await accept(company, 'A/1')
    await deliver(company)
  })

  test('because it may do less than the integration needs is refused with the name of what it lacks', async () => {
    const company = await client((owner) => owner.newToken())
    await rotate(company, {
      origin: 'supplied',
      credential: await company.owner.newToken(['InvoiceRead']),
    })
    await untilVersions(company, 'active erased')
    const { versions } = await versionsOf(fleet, company.id)
    expect(versions[1]?.failure).toMatchObject({ code: 'KSEF_PERMISSION_MISSING' })
    expect(versions[1]?.failure?.description).toContain('InvoiceWrite')
  })

  test('because KSeF refuses the request fails, and the certificate in use is untouched', async () => {
    const company = await client((owner) => owner.newCertificate())
    await fleet.control('POST', '/outcomes', { kind: 'certificateEnrollment', code: 400 })
    await rotate(company, { origin: 'enrolled' })
    await untilVersions(company, 'active erased')
    const { versions } = await versionsOf(fleet, company.id)
    expect(versions[1]?.failure).toMatchObject({ code: 'ROTATION_REFUSED' })
  })

  test('because there is no certificate to make a token with says so', async () => {
    const company = await client((owner) => owner.newToken())
    await rotate(company, { origin: 'generated' })
    await untilVersions(company, 'active erased')
    const { versions } = await versionsOf(fleet, company.id)
    expect(versions[1]?.failure).toMatchObject({ code: 'ROTATION_HELPER_MISSING' })
  })
})

describe('KSeF', () => {
  test('made a certificate whose answer was lost: it is found by its name and key, and not asked for twice', async () => {
    const company = await client((owner) => owner.newCertificate())
    await arm(fleet, 'POST /certificates/enrollments', { mode: 'drop-answer-after-effect' })
    await rotate(company, { origin: 'enrolled' })
    await untilVersions(company, 'erased active')
    await calm(fleet)
    const { versions } = await versionsOf(fleet, company.id)
    const certificates = await company.owner.certificates()
    expect(certificates).toHaveLength(2)
    const active = certificates.filter(({ status }) => status === 'Active')
    expect(active.map((one) => one.certificateSerialNumber)).toEqual([versions[1]?.serialNumber])
  })

  test('refuses the credential in use: its successor brings the integration back, and what was held goes out', async () => {
    const company = await client((owner) => owner.newToken())
    const [first] = await company.owner.tokens()
    await fleet.control('POST', '/revocations', { tokenReferenceNumber: first?.referenceNumber })
    await worker.context.contexts.clearTokenCache(company.id)
    await accept(company, 'D/1', 'D/2')
    await drive(fleet, [worker], {
      companies: [company.id],
      until: async () => (await states(company)).every((state) => state === 'held'),
    })
    await rotate(company, { origin: 'supplied', credential: await company.owner.newToken() })
    await untilVersions(company, 'erased active')
    await deliver(company)
    expect(await postsOf(fleet, company)).toEqual([1, 1])
    await checkLedger(fleet, company)
  })
})

describe('the end of a certificate', () => {
  async function endsIn(company: Client, days: number): Promise<void> {
    await fleet.admin.query(
      `update ksef_credential_versions set not_after = now() + make_interval(hours => $2::int), next_notice_at = now(),
              next_step_at = now() where company_id = $1 and state = 'active'`,
      [company.id, days * 24 - 1],
    )
  }

  test('is told once for each of 30, 14, 7 and 1 days, however often it is noticed', async () => {
    const company = await client((owner) => owner.newToken())
    const { credential } = await versionsOf(fleet, company.id)
    for (const days of [30, 30, 14, 7, 1]) {
      await endsIn(company, days)
      const payload = { companyId: company.id, credentialId: credential.id, version: '1' }
      await Promise.all([1, 2, 3].map(() => worker.run('notify-expiry', payload)))
    }
    const told = await eventsOf(company, 'credential.expiring')
    expect(told.map(({ days }) => days)).toEqual([30, 14, 7, 1])
    const { versions } = await versionsOf(fleet, company.id)
    expect(versions[0]?.nextNoticeAt).toBeNull()
  })

  test('is rung for when its time comes, and leads to a successor where KSeF issued it', async () => {
    const company = await client((owner) => owner.newCertificate())
    const { credential } = await versionsOf(fleet, company.id)
    await fleet.db.withCompany(company.id, (tx) => tx.credentials.setAutoRenew(credential.id, true))
    await endsIn(company, 25)
    await untilVersions(company, 'erased active')
    const { versions } = await versionsOf(fleet, company.id)
    expect(versions[1]).toMatchObject({ origin: 'enrolled' })
    const told = await eventsOf(company, 'credential.expiring')
    expect(told.map(({ days, version }) => [days, version])).toEqual([[30, 1]])
    // Years are left again: nothing is due before the last thirty days.
    const month = 30 * 24 * 3600_000
    expect(versions[1]?.nextStepAt?.getTime()).toBe(versions[1]!.notAfter!.getTime() - month)
    expect(versions[1]?.nextNoticeAt?.getTime()).toBe(versions[1]!.notAfter!.getTime() - month)
  })

  test('that KSeF did not issue is left to its owner', async () => {
    const company = await client(() => seal(String(nips)))
    const { credential } = await versionsOf(fleet, company.id)
    await fleet.db.withCompany(company.id, (tx) => tx.credentials.setAutoRenew(credential.id, true))
    await endsIn(company, 25)
    await spin(fleet, {
      companies: [company.id],
      rotating: [worker],
      delivering: [worker],
      done: async () => (await versionsOf(fleet, company.id)).versions[0]?.nextStepAt === null,
    })
    expect((await versionsOf(fleet, company.id)).versions).toHaveLength(1)
  })
})

describe('a credential that is revoked', () => {
  test('ends with its versions: dead in KSeF, its sign-ins ended, its secret erased', async () => {
    const company = await client((owner) => owner.newToken())
    await accept(company, 'E/1')
    await deliver(company)
    const before = await company.owner.signIns()
    expect(before).toBeGreaterThan(0)
    const { credential } = await versionsOf(fleet, company.id)
    const revocation = { owner: company.id, credentialId: credential.id, actor }
    expect(await revokeCredential(worker.context, revocation)).toMatchObject({ state: 'ending' })
    await untilVersions(company, 'erased')
    expect(await revokeCredential(worker.context, revocation)).toMatchObject({ state: 'ended' })
    expect((await company.owner.tokens()).map(({ status }) => status)).not.toContain('Active')
    expect(await company.owner.signIns()).toBe(0)
    await expect(
      requestProof(worker.context, { owner: company.id, credentialId: credential.id, actor }),
    ).rejects.toMatchObject({ code: 'CREDENTIAL_ENDED' })
    await expect(
      rotate(company, { origin: 'supplied', credential: await company.owner.newToken() }),
    ).rejects.toMatchObject({ code: 'CREDENTIAL_ENDED' })
  })

  test('amid a rotation takes the successor with it', async () => {
    const company = await client((owner) => owner.newToken())
    await rotate(company, { origin: 'supplied', credential: await company.owner.newToken() })
    const { credential } = await versionsOf(fleet, company.id)
    await revokeCredential(worker.context, { owner: company.id, credentialId: credential.id, actor })
    await untilVersions(company, 'erased erased')
    expect((await versionsOf(fleet, company.id)).credential.state).toBe('ended')
  })

  test('is nobody else’s to revoke', async () => {
    const [company, stranger] = [
      await client((owner) => owner.newToken()),
      await client((owner) => owner.newToken()),
    ]
    const { credential } = await versionsOf(fleet, company.id)
    await expect(
      revokeCredential(worker.context, { owner: stranger.id, credentialId: credential.id, actor }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('a company that leaves', () => {
  test('has what was sent finished and what waits held, and leaves nothing behind that could sign in', async () => {
    const company = await client((owner) => owner.newToken())
    await accept(company, 'O/1', 'O/2')
    await worker.run('send-pending', { companyId: company.id })
    await accept(company, 'O/3')
    const left = await offboardCompany(worker.context, { companyId: company.id, actor })
    expect(left).toMatchObject({ credentialsEnding: 1 })
    await untilVersions(company, 'erased')
    await drive(fleet, [worker], {
      companies: [company.id],
      until: async () => (await states(company)).join() === 'held,receipted,receipted',
    })
    const { credential } = await versionsOf(fleet, company.id)
    expect(credential.state).toBe('ended')
    expect((await company.owner.tokens()).map(({ status }) => status)).not.toContain('Active')
    expect(await company.owner.signIns()).toBe(0)
    const held = (await fleet.submissions(company.id)).find(({ state }) => state === 'held')
    expect(held?.reason).toMatchObject({ code: 'INTEGRATION_REVOKED' })
    await checkLedger(fleet, company)
    expect(await offboardCompany(worker.context, { companyId: company.id, actor })).toMatchObject({
      keysRevoked: 0,
    })
  })
})

describe('a company under the provider’s certificate', () => {
  test('leaves none of the provider’s sign-ins in its context when it goes', async () => {
    const { context } = worker
    const provider = String(++nips)
    const nip = String(++nips)
    const owner = await ownersView(ksef, fleet.ksefUrl, nip)
    await owner.grant(provider)
    await createCredential(context, {
      owner: null,
      name: 'provider',
      supplied: await seal(provider),
      autoRenew: false,
      actor,
    })
    const { id } = await createCompany(context, { nip: Nip.parse(nip), name: `Firma ${nip}`, actor })
    const integration = await createIntegration(context, { companyId: id, actor })
    const named = { companyId: id, integrationId: integration.id }
    await attestNip(context, { ...named, statement: 'a contract', actor })
    await worker.run('verify-integration', named)
    await fleet.accept(id, invoiceOf(nip, 'P/1'))
    await deliver({ id, nip, owner })
    expect(await signInsOf(provider, nip)).toBeGreaterThan(0)
    await offboardCompany(context, { companyId: id, actor })
    await worker.run('end-sign-ins', { companyId: id })
    expect(await signInsOf(provider, nip)).toBe(0)
  })

  /** Sign-ins of the provider in a client's context, but the one that looks. */
  async function signInsOf(provider: string, nip: string): Promise<number> {
    const certificate = loadCertificate(await sealOf(provider, 'Biuro'))
    const signedIn = await ksef.signIn.withCertificate({ context: { type: 'Nip', value: nip }, certificate })
    if (!signedIn.ok) throw new Error(signedIn.failure.code)
    const { token } = signedIn.value.accessToken
    const listed = await ksef.authSessions.list(token)
    await ksef.authSessions.revokeCurrent(token)
    if (!listed.ok) throw new Error(listed.failure.code)
    return listed.value.filter(({ isCurrent }) => !isCurrent).length
  }
})

describe('the provider’s certificate', () => {
  test('is rotated while clients’ contexts open with it', async () => {
    const provider = '5250000003'
    const { context } = worker
    const { credential } = await createCredential(context, {
      owner: null,
      name: 'provider',
      supplied: await seal(provider),
      autoRenew: false,
      actor,
    })
    const successor = { origin: 'supplied', credential: await seal(provider) } as const
    await requestRotation(context, { owner: null, credentialId: credential.id, successor, actor })
    const versions = () =>
      fleet.db.asSystem('manage-credentials', (tx) => tx.credentials.versions(credential.id))
    const payload = { companyId: '', credentialId: credential.id }
    for (let tries = 0; tries < 50 && (await versions()).at(0)?.state !== 'erased'; tries++) {
      await worker.run('advance-credential', { ...payload, version: '2' })
      await worker.run('advance-credential', { ...payload, version: '1' })
    }
    expect((await versions()).map(({ state }) => state)).toEqual(['erased', 'active'])
  })
})
