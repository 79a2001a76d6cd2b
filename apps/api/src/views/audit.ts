import type { AuditSeal, StoredAuditEntry } from '@ksef-fleet/core'
import { z } from 'zod'
import { Moment } from './page.ts'

export const AuditOutcome = z.enum(['ok', 'refused', 'failed'])

export const AuditEntryView = z
  .object({
    id: z.string(),
    at: Moment,
    companyId: z.uuid().nullable().meta({ description: "Null for the provider's own acts." }),
    actor: z.string().meta({ description: 'The API key, the worker, or an operator at a terminal.' }),
    action: z.string().meta({ examples: ['credential.rotate', 'ksef.call', 'secret.read'] }),
    subject: z.string().meta({ description: 'Id of what was acted on.' }),
    outcome: AuditOutcome,
    taxpayerNip: z.string().nullable().meta({ description: 'Whose context at KSeF.' }),
    providerNip: z.string().nullable().meta({ description: "Whose credential, when it was the provider's." }),
    operation: z.string().nullable().meta({ description: 'Of a call of KSeF.' }),
    httpStatus: z.int().nullable(),
    durationMs: z.number().nullable(),
    errorCode: z.string().nullable(),
    requestId: z.string().nullable(),
    referenceNumber: z.string().nullable(),
    details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  })
  .meta({
    id: 'AuditEntry',
    description: 'Who did what to what, and how it ended. Never a secret or an invoice.',
  })

export const viewAuditEntry = (entry: StoredAuditEntry): z.infer<typeof AuditEntryView> => ({
  id: entry.id,
  at: entry.at.toISOString(),
  companyId: entry.companyId,
  actor: entry.actor,
  action: entry.action,
  subject: entry.subject,
  outcome: entry.outcome,
  taxpayerNip: entry.taxpayerNip ?? null,
  providerNip: entry.providerNip ?? null,
  operation: entry.operation ?? null,
  httpStatus: entry.httpStatus ?? null,
  durationMs: entry.durationMs ?? null,
  errorCode: entry.errorCode ?? null,
  requestId: entry.requestId ?? null,
  referenceNumber: entry.referenceNumber ?? null,
  details: entry.details ?? {},
})

export const AuditChainView = z
  .object({
    day: z.iso.date(),
    holds: z.boolean().meta({
      description: 'Recomputed just now from the entries: false when one was changed, removed or put in.',
    }),
    broken: z.object({ block: z.int(), why: z.string() }).nullable(),
    seals: z.array(
      z.object({
        number: z.int(),
        entries: z.int(),
        digest: z.string(),
        previousHash: z.string(),
        hash: z.string(),
        sealedAt: Moment,
      }),
    ),
  })
  .meta({ id: 'AuditChain', description: 'The hash chain over one day of the log.' })

export const viewAuditChain = (
  day: string,
  { seals, broken }: { seals: readonly AuditSeal[]; broken: { block: number; why: string } | null },
): z.infer<typeof AuditChainView> => ({
  day,
  holds: broken === null,
  broken,
  seals: seals.map(({ number, entries, digest, previousHash, hash, sealedAt }) => ({
    number,
    entries,
    digest,
    previousHash,
    hash,
    sealedAt: sealedAt.toISOString(),
  })),
})
