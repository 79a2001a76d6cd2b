import { afterAll, describe, expect, test } from 'vitest'
import { insertCompany, newCredential, newVersion, openFleet } from './fleet.ts'

const fleet = await openFleet()
const { db, admin } = fleet
afterAll(() => fleet[Symbol.asyncDispose]())

describe.each([
  { what: 'a step', column: 'next_step_at', mark: 'step_rung_at', ask: 'rotations' },
  { what: 'a notice', column: 'next_notice_at', mark: 'notice_rung_at', ask: 'notices' },
] as const)('$what of a credential’s version', ({ column, mark, ask }) => {
  const asked = () => db.asSystem('sweep-due', (tx) => tx.due[ask](100))
  const set = (id: string, value: string) =>
    admin.query(`update ksef_credential_versions set ${column} = ${value} where credential_id = $1`, [id])

  const rungAgo = (id: string, ago: string) =>
    admin.query(
      `update ksef_credential_versions set ${mark} = clock_timestamp() - $2::interval where credential_id = $1`,
      [id, ago],
    )

  test('is rung once in ten seconds when it is due, for a company’s and for the provider’s', async () => {
    const company = await insertCompany(fleet)
    for (const companyId of [company.id, null]) {
      const credential = newCredential(companyId)
      if (companyId === null)
        await db.asSystem('manage-credentials', (tx) =>
          tx.credentials.insert(credential, newVersion(credential)),
        )
      else await db.withCompany(companyId, (tx) => tx.credentials.insert(credential, newVersion(credential)))
      expect(await asked()).toEqual([])
      await set(credential.id, `clock_timestamp() + interval '1 minute'`)
      expect(await asked()).toEqual([])
      await set(credential.id, `clock_timestamp() - interval '1 minute'`)
      const answer = [{ companyId, credentialId: credential.id, version: 1 }]
      expect([await asked(), await asked()]).toEqual([answer, []])
      await rungAgo(credential.id, '9 seconds')
      expect(await asked()).toEqual([])
      await rungAgo(credential.id, '11 seconds')
      expect(await asked()).toEqual(answer)
      await set(credential.id, 'clock_timestamp()')
      expect(await asked()).toHaveLength(1)
      await set(credential.id, 'null')
      expect(await asked()).toEqual([])
    }
  })
})
