import type { CompanyId, CredentialId } from '../identifiers.ts'
import { advanceCredential } from '../jobs/advance-credential.ts'
import { ringOf } from '../jobs/define-job.ts'
import { deliverWebhooks } from '../jobs/deliver-webhooks.ts'
import { findOrphan } from '../jobs/find-orphan.ts'
import { finishSession } from '../jobs/finish-session.ts'
import { notifyExpiry } from '../jobs/notify-expiry.ts'
import { pollSession } from '../jobs/poll-session.ts'
import type { Ring } from '../jobs/ring.ts'
import { sendBatch } from '../jobs/send-batch.ts'
import { sendPending } from '../jobs/send-pending.ts'
import { storeUpo } from '../jobs/store-upo.ts'
import { verifyIntegration } from '../jobs/verify-integration.ts'
import { watchDeadlines } from '../jobs/watch-deadlines.ts'
import type { FleetDatabase, SystemTransaction } from '../stores.ts'

/** Rows of each kind in one sweep: what is left over is swept a moment later. */
const ROWS_MAX = 500

/**
 * @property nextInMs until the next invoice is to be asked about, or null when none waits for that
 * @property lastDeathAt when a worker was last found gone
 */
export type Sweep = { rings: Ring[]; nextInMs: number | null; lastDeathAt: Date | null }

/**
 * Finds what is due and answers the rings for it. Timers are columns, so whatever becomes of Redis, of a job or of a
 * worker, the next sweep finds it again. Many sweepers at once are harmless: row locks share the work out.
 *
 * @param idleSeconds silence after which an open session is closed
 */
export async function sweepDue(db: FleetDatabase, idleSeconds: number): Promise<Sweep> {
  return db.asSystem('sweep-due', async ({ due }) => {
    await due.freeTheDead()
    await due.expireClaims(ROWS_MAX)
    const rings = [
      ...(await due.sends(ROWS_MAX)).map((row) => ringOf(sendPending, row)),
      ...(await due.packages(ROWS_MAX)).map((row) => ringOf(sendBatch, row)),
      ...(await duePolls(due)),
      ...(await due.upos(ROWS_MAX)).map((row) => ringOf(storeUpo, row)),
      ...(await due.sessions(ROWS_MAX, idleSeconds)).map((row) => ringOf(finishSession, row)),
      ...(await due.orphans(ROWS_MAX)).map((row) => ringOf(findOrphan, row)),
      ...(await due.webhooks(ROWS_MAX)).map(({ owner, webhookId }) =>
        ringOf(deliverWebhooks, { companyId: owner ?? ('' as const), webhookId }),
      ),
      ...(await due.verifications(ROWS_MAX)).map((row) => ringOf(verifyIntegration, row)),
      ...(await due.rotations(ROWS_MAX)).map((row) => ringOf(advanceCredential, versionOf(row))),
      ...(await due.deadlines(ROWS_MAX)).map((row) => ringOf(watchDeadlines, row)),
      ...(await due.notices(ROWS_MAX)).map((row) => ringOf(notifyExpiry, versionOf(row))),
    ]
    return { rings, ...(await outlookOf(due)) }
  })
}

/** Finds only what KSeF is to be asked about, which comes due every other moment, and everything else by the second. */
export const sweepPolls = (db: FleetDatabase): Promise<Sweep> =>
  db.asSystem('sweep-due', async ({ due }) => ({
    rings: await duePolls(due),
    ...(await outlookOf(due)),
  }))

async function outlookOf(due: SystemTransaction['due']): Promise<Omit<Sweep, 'rings'>> {
  const { nextPollInMs, lastDeathAt } = await due.outlook()
  return { nextInMs: nextPollInMs, lastDeathAt }
}

const duePolls = async (due: SystemTransaction['due']): Promise<Ring[]> =>
  (await due.polls(ROWS_MAX)).map((row) => ringOf(pollSession, row))

type DueVersion = { companyId: CompanyId | null; credentialId: CredentialId; version: number }

/** A payload is made of strings; the provider has no company. */
const versionOf = ({ companyId, credentialId, version }: DueVersion) => ({
  companyId: companyId ?? ('' as const),
  credentialId,
  version: String(version),
})
