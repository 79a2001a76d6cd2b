/** Row-level security with the company set for the session instead of the transaction: pooled connections remember it. */
import pg from 'pg'

const REQUESTS = 200
const CONNECTIONS = 3

/** Whether requests that forget to set their company see rows; they must see none. */
async function seenUnset(appUrl: string, company: string, local: boolean): Promise<number> {
  const pool = new pg.Pool({ connectionString: appUrl, max: CONNECTIONS })
  pool.on('error', () => undefined)
  let seen = 0
  const request = async (sets: boolean) => {
    const client = await pool.connect()
    try {
      await client.query('begin')
      if (sets) await client.query(`select set_config('fleet.company_id', $1, $2)`, [company, local])
      const { rowCount } = await client.query('select from companies')
      await client.query('commit')
      if (!sets) seen += rowCount ?? 0
    } finally {
      client.release()
    }
  }
  try {
    for (let index = 0; index < REQUESTS; index++) await request(index % 2 === 0)
    return seen
  } finally {
    await pool.end()
  }
}

/** Caught when the wrong setting shows another's rows and the product's way, local to the transaction, shows none. */
export async function sessionSettingCrosses(at: { adminUrl: string; appUrl: string }): Promise<boolean> {
  const admin = new pg.Client({ connectionString: at.adminUrl })
  await admin.connect()
  try {
    const { rows } = await admin.query<{ id: string }>('select id from companies limit 1')
    const company = rows[0]?.id
    if (company === undefined) throw new Error('the control needs a company in the database')
    const right = await seenUnset(at.appUrl, company, true)
    const wrong = await seenUnset(at.appUrl, company, false)
    return right === 0 && wrong > 0
  } finally {
    await admin.end()
  }
}
