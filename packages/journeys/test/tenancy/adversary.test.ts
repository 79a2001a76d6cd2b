/** What a company would try that wants what is not its own, and what the fleet must not do to a neighbour by mistake. */
import {
  attestNip,
  createCredential,
  offboardCompany,
  requestRotation,
  revokeCredential,
  type SuppliedCredential,
} from '@ksef-fleet/core'
import { type KsefClient, Sealed } from '@ksef-fleet/ksef'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DeliveryFleet, invoiceOf, sealFor, startDeliveryFleet } from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import { drive, turn } from '../delivery/drive.ts'
import { arm, calm, SEND } from '../delivery/faults.ts'
import { checkLedger } from '../delivery/ledger-check.ts'
import { clientOf, ownersView } from './credentials-at-ksef.ts'
import { grant, newClient, newNip, newProviderCredential, verified } from './provider-side.ts'
import { spin, versionStates, versionsOf } from './rotation-story.ts'

const PROVIDER = newNip()
const actor = 'story'

let fleet: DeliveryFleet
let worker: DeliveryWorker
let ksef: KsefClient

beforeAll(async () => {
  fleet = await startDeliveryFleet({ processingDelayMs: 20 })
  worker = fleet.worker({ timing: { sessionIdleSeconds: 0.3 } })
  ksef = clientOf(fleet.ksefUrl)
  await newProviderCredential(worker, PROVIDER)
})
afterAll(async () => {
  await ksef?.close()
  await fleet?.close()
})

const ALL = ['InvoiceRead', 'InvoiceWrite', 'CredentialsManage'] as const

const forged = (text: string): SuppliedCredential => ({ type: 'token', token: new Sealed(text) })

async function untilVersions(id: Parameters<typeof versionsOf>[1], wanted: string): Promise<void> {
  await spin(fleet, {
    companies: [id],
    rotating: [worker],
    delivering: [worker],
    done: async () => (await versionStates(fleet, [id])).has(wanted),
  })
}

describe('the rights of the provider', () => {
  test('make no token for a company that has proved nothing, which would then pass for its own', async () => {
    const nip = newNip()
    await grant(fleet, { nip, to: PROVIDER, permissions: ALL })
    const impostor = await newClient(worker, {
      nip,
      credential: forged('no-token-of-anybody-at-all-00000000'),
    })
    const { credential } = await versionsOf(fleet, impostor.id)
    await requestRotation(worker.context, {
      owner: impostor.id,
      credentialId: credential.id,
      successor: { origin: 'generated' },
      actor,
    })
    await untilVersions(impostor.id, 'active erased')
    const { versions } = await versionsOf(fleet, impostor.id)
    expect(versions[1]?.failure).toMatchObject({ code: 'ROTATION_HELPER_MISSING' })
    expect(await verified(worker, impostor)).toMatchObject({ nipProof: null })
    const owner = await ownersView(ksef, fleet.ksefUrl, nip)
    expect(await owner.tokens()).toEqual([])

    // Nothing else stood in the way: vouched for, the same company gets its token.
    const named = { companyId: impostor.id, integrationId: impostor.integrationId, actor }
    await attestNip(worker.context, { ...named, statement: 'seen in person' })
    expect(await verified(worker, impostor)).toMatchObject({ state: 'active' })
    await requestRotation(worker.context, {
      owner: impostor.id,
      credentialId: credential.id,
      successor: { origin: 'generated' },
      actor,
    })
    await untilVersions(impostor.id, 'erased erased active')
    expect(await owner.tokens()).toHaveLength(1)
  })

  test('prove nothing when the provider’s certificate is supplied again under the company’s name', async () => {
    const [office, nip] = [newNip(), newNip()]
    const supplied = await sealFor(office)
    const provider = { owner: null, name: 'Biuro 2', supplied, autoRenew: false, actor }
    const { credential } = await createCredential(worker.context, provider)
    await grant(fleet, { nip, to: office })
    const client = await newClient(worker, { nip, credential: supplied })
    expect(await verified(worker, client)).toMatchObject({
      state: 'pending',
      nipProof: null,
      failure: { code: 'NIP_UNPROVED' },
    })
    await revokeCredential(worker.context, { owner: null, credentialId: credential.id, actor })
  })

  test('do not take the place of the company’s own credential that was its only proof', async () => {
    const nip = newNip()
    await grant(fleet, { nip, to: PROVIDER, permissions: ALL })
    const client = await newClient(worker, { nip, credential: await sealFor(nip) })
    expect(await verified(worker, client)).toMatchObject({ state: 'active' })
    const { credential } = await versionsOf(fleet, client.id)
    await revokeCredential(worker.context, { owner: client.id, credentialId: credential.id, actor })
    await expect(worker.context.contexts.forCompany(client.id)).rejects.toMatchObject({
      code: 'CREDENTIAL_MISSING',
    })
    const submission = await fleet.accept(client.id, invoiceOf(nip, 'OWN/1'))
    await turn(fleet, [worker], { companies: [client.id], only: ['send-pending'] })
    await worker.run('send-pending', { companyId: client.id })
    expect((await fleet.submission(submission)).state).toBe('held')
    expect(await verified(worker, client)).toMatchObject({ failure: { code: 'NIP_UNPROVED' } })
  })
})

describe('the end of a credential', () => {
  test('waits for an invoice of unknown outcome, although its session is settled and its company has left', async () => {
    const nip = newNip()
    const owner = await ownersView(ksef, fleet.ksefUrl, nip)
    const client = await newClient(worker, { nip, credential: await owner.newToken() })
    expect(await verified(worker, client)).toMatchObject({ state: 'active' })
    const submission = await fleet.accept(client.id, invoiceOf(nip, 'LOST/1'))
    await arm(fleet, SEND, { mode: 'drop-answer-after-effect' })
    await worker.run('send-pending', { companyId: client.id })
    await calm(fleet)
    expect((await fleet.submission(submission)).state).toBe('lost')
    await offboardCompany(worker.context, { companyId: client.id, actor })
    const { credential } = await versionsOf(fleet, client.id)
    const step = { companyId: client.id, credentialId: credential.id, version: '1' }
    let steps = 0
    await drive(fleet, [worker], {
      companies: [client.id],
      only: ['finish-session'],
      until: async () => {
        await worker.run('advance-credential', step)
        return (await sessionStates(client.id)).every((state) => state === 'settled') && ++steps > 8
      },
    })
    expect((await versionsOf(fleet, client.id)).versions).toMatchObject([{ state: 'retiring' }])
    await untilVersions(client.id, 'erased')
    expect((await fleet.submission(submission)).state).toBe('receipted')
    await checkLedger(fleet, client)
  })

  test('leaves a certificate alone with which another company signs in', async () => {
    const [nip, neighbour] = [newNip(), newNip()]
    const owner = await ownersView(ksef, fleet.ksefUrl, nip)
    const credential = await owner.newCertificate()
    await grant(fleet, { nip: neighbour, to: nip })
    const leaving = await newClient(worker, { nip, credential })
    const staying = await newClient(worker, { nip: neighbour, credential })
    for (const one of [leaving, staying])
      expect(await verified(worker, one)).toMatchObject({ state: 'active' })
    await offboardCompany(worker.context, { companyId: leaving.id, actor })
    await untilVersions(leaving.id, 'erased')
    expect((await owner.certificates()).map(({ status }) => status)).toEqual(['Active'])
    expect(await verified(worker, staying)).toMatchObject({ state: 'active' })

    await offboardCompany(worker.context, { companyId: staying.id, actor })
    await untilVersions(staying.id, 'erased')
    expect((await owner.certificates()).map(({ status }) => status)).toEqual(['Revoked'])
  })

  test('revokes a certificate also where its successor is of another subject, which KSeF does not show it to', async () => {
    const [nip, accountant] = [newNip(), newNip()]
    const owner = await ownersView(ksef, fleet.ksefUrl, nip)
    const other = await ownersView(ksef, fleet.ksefUrl, accountant)
    await grant(fleet, { nip, to: accountant })
    const client = await newClient(worker, { nip, credential: await owner.newCertificate() })
    expect(await verified(worker, client)).toMatchObject({ state: 'active' })
    const { credential } = await versionsOf(fleet, client.id)
    await requestRotation(worker.context, {
      owner: client.id,
      credentialId: credential.id,
      successor: { origin: 'supplied', credential: await other.newCertificate() },
      actor,
    })
    await untilVersions(client.id, 'erased active')
    expect((await owner.certificates()).map(({ status }) => status)).toEqual(['Revoked'])
    expect((await other.certificates()).map(({ status }) => status)).toEqual(['Active'])
  })

  const sessionStates = async (companyId: string): Promise<string[]> => {
    const { rows } = await fleet.admin.query<{ state: string }>(
      'select state from sessions where company_id = $1',
      [companyId],
    )
    return rows.map(({ state }) => state)
  }
})

describe('of two successors', () => {
  test('the later stays, although the worker that promotes the earlier wakes up last', async () => {
    const nip = newNip()
    const owner = await ownersView(ksef, fleet.ksefUrl, nip)
    const client = await newClient(worker, { nip, credential: await owner.newToken() })
    await verified(worker, client)
    const { credential } = await versionsOf(fleet, client.id)
    for (let version = 2; version <= 3; version++) {
      await requestRotation(worker.context, {
        owner: client.id,
        credentialId: credential.id,
        successor: { origin: 'supplied', credential: await owner.newToken() },
        actor,
      })
      await worker.run('advance-credential', stepOf(client.id, credential.id, version))
    }
    const states = async () => (await versionsOf(fleet, client.id)).versions.map(({ state }) => state)
    expect(await states()).toEqual(['active', 'proved', 'proved'])
    const { promise: until, resolve: wake } = Promise.withResolvers<void>()
    const sleeper = fleet.worker({ asleep: { atCall: 3, until } })
    const slept = sleeper.run('advance-credential', stepOf(client.id, credential.id, 2))
    await drive(fleet, [worker], {
      companies: [client.id],
      only: [],
      until: async () => {
        await worker.run('advance-credential', stepOf(client.id, credential.id, 3))
        return (await states())[2] === 'active'
      },
    })
    wake()
    await slept
    await untilVersions(client.id, 'erased erased active')
    expect(await worker.context.contexts.forCompany(client.id)).toMatchObject({
      credential: { version: { number: 3 } },
    })
    expect(await verified(worker, client)).toMatchObject({ state: 'active' })
  })

  const stepOf = (companyId: string, credentialId: string, version: number) => ({
    companyId,
    credentialId,
    version: String(version),
  })
})

describe('a company that adds credentials without end', () => {
  test('is stopped at a number, and what was stored for the one too many is forgotten', async () => {
    const client = await newClient(worker)
    const add = (number: number) =>
      createCredential(worker.context, {
        owner: client.id,
        name: `no. ${number}`,
        supplied: forged(`no-token-of-anybody-at-all-${number}`),
        autoRenew: false,
        actor,
      })
    for (let number = 1; number <= 20; number++) await add(number)
    await expect(add(21)).rejects.toMatchObject({ code: 'CREDENTIALS_TOO_MANY' })
    const [first] = await fleet.db.withCompany(client.id, (tx) => tx.credentials.list())
    if (first === undefined) throw new Error('twenty were added')
    await revokeCredential(worker.context, { owner: client.id, credentialId: first.id, actor })
    await spin(fleet, {
      companies: [client.id],
      rotating: [worker],
      delivering: [],
      done: async () => (await versionStates(fleet, [client.id])).has('erased'),
    })
    await add(21)
  })
})
