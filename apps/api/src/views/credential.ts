import {
  CREDENTIAL_KINDS,
  CREDENTIAL_STATES,
  type Credential,
  type CredentialVersion,
  type CredentialWithVersions,
  KsefEnvironment,
  VERSION_STATES,
} from '@ksef-fleet/core'
import { z } from 'zod'
import { companyLocation } from './company.ts'
import { FailureView, viewFailure } from './failure.ts'
import { Moment, momentOf } from './page.ts'

const VersionView = z
  .object({
    number: z.int(),
    state: z.enum(VERSION_STATES).meta({
      description:
        '`requested` of KSeF; `staged` in the secret store; `proved` by a sign-in; `active` signs in; `retiring` only ' +
        'finishes its sessions; `drained` of them; `revoked` in KSeF; `erased`; `failed` to be made or proved.',
    }),
    origin: z.enum(['supplied', 'generated', 'enrolled']),
    referenceNumber: z.string().nullable().meta({ description: "KSeF's, of a token or an enrolment." }),
    serialNumber: z.string().nullable(),
    fingerprint: z.string().nullable().meta({ description: 'SHA-256 of the certificate.' }),
    subject: z.string().nullable(),
    notBefore: Moment.nullable(),
    notAfter: Moment.nullable(),
    failure: FailureView.nullable(),
    tries: z.int().meta({ description: 'Failed tries of the present step.' }),
    nextStepAt: Moment.nullable().meta({ description: 'When a worker takes its next step.' }),
    createdAt: Moment,
    activatedAt: Moment.nullable(),
    erasedAt: Moment.nullable(),
  })
  .meta({ id: 'CredentialVersion' })

export const WINDOWS = [
  'expired',
  'within-1-day',
  'within-7-days',
  'within-14-days',
  'within-30-days',
  'later',
  'never',
] as const

export const CredentialView = z
  .object({
    id: z.uuid(),
    companyId: z.uuid().nullable().meta({ description: "Null: the provider's own." }),
    environment: KsefEnvironment,
    name: z.string(),
    kind: z.enum(CREDENTIAL_KINDS).meta({
      description: '`offline-certificate` signs codes of invoices issued offline and never signs in.',
    }),
    context: z
      .object({ type: z.enum(['Nip', 'InternalId', 'NipVatUe']), value: z.string() })
      .nullable()
      .meta({ description: 'The one context a token signs in to; null for a certificate.' }),
    state: z.enum(CREDENTIAL_STATES).meta({
      description:
        '`active`; `ending` while its secrets are revoked and erased; `ended`: nothing of them is left.',
    }),
    autoRenew: z.boolean().meta({ description: 'The fleet renews it before it ends.' }),
    window: z
      .enum(WINDOWS)
      .nullable()
      .meta({ description: 'How soon the active version ends; null without one.' }),
    daysLeft: z.int().nullable().meta({ description: 'Of the active version; null when it has no end.' }),
    activeVersion: z.int().nullable(),
    rotation: z
      .object({ number: z.int(), state: z.enum(VERSION_STATES), says: z.string() })
      .nullable()
      .meta({ description: 'The successor on its way, if there is one.' }),
    versions: z.array(VersionView).meta({ description: 'Newest first.' }),
    createdAt: Moment,
    endedAt: Moment.nullable(),
    links: z.object({ self: z.string(), prove: z.string(), rotate: z.string(), revoke: z.string() }),
  })
  .meta({ id: 'Credential', description: 'What is known of a credential. Never the secret.' })

/** Where the owner's credentials are listed: the company's, or the provider's with null. */
export const credentialsLocation = (companyId: string | null): string =>
  companyId === null ? '/v1/credentials' : `${companyLocation(companyId)}/credentials`

export const credentialLocation = ({ id, companyId }: Pick<Credential, 'id' | 'companyId'>): string =>
  `${credentialsLocation(companyId)}/${id}`

export function viewCredential({
  credential,
  versions,
  expiry,
}: CredentialWithVersions): z.infer<typeof CredentialView> {
  const self = credentialLocation(credential)
  const newestFirst = versions.toSorted((a, b) => b.number - a.number)
  return {
    id: credential.id,
    companyId: credential.companyId,
    environment: credential.environment,
    name: credential.name,
    kind: credential.kind,
    context: credential.context,
    state: credential.state,
    autoRenew: credential.autoRenew,
    window: expiry?.window ?? null,
    daysLeft: expiry?.daysLeft ?? null,
    activeVersion: versions.find(({ state }) => state === 'active')?.number ?? null,
    rotation: rotationOf(newestFirst),
    versions: newestFirst.map(viewVersion),
    createdAt: credential.createdAt.toISOString(),
    endedAt: momentOf(credential.endedAt),
    links: { self, prove: `${self}/prove`, rotate: `${self}/rotate`, revoke: `${self}/revoke` },
  }
}

const viewVersion = (version: CredentialVersion): z.infer<typeof VersionView> => ({
  number: version.number,
  state: version.state,
  origin: version.origin,
  referenceNumber: version.referenceNumber,
  serialNumber: version.serialNumber,
  fingerprint: version.fingerprint,
  subject: version.subject,
  notBefore: momentOf(version.notBefore),
  notAfter: momentOf(version.notAfter),
  failure: viewFailure(version.failure),
  tries: version.tries,
  nextStepAt: momentOf(version.nextStepAt),
  createdAt: version.createdAt.toISOString(),
  activatedAt: momentOf(version.activatedAt),
  erasedAt: momentOf(version.erasedAt),
})

const SAYS: Partial<Record<CredentialVersion['state'], string>> = {
  requested: 'KSeF is asked to make it.',
  staged: 'Its secret is stored; it is about to prove itself by a sign-in.',
  proved: 'It signed in; it is about to take over.',
}

function rotationOf(newestFirst: readonly CredentialVersion[]): z.infer<typeof CredentialView>['rotation'] {
  for (const { number, state } of newestFirst) {
    const says = SAYS[state]
    if (says !== undefined) return { number, state, says }
  }
  return null
}
