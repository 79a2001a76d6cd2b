/** docker-compose.yml as a newcomer uses it: one command, the README's five steps, and a worker that is killed. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '@ksef-fleet/infra/free-port'
import { sampleInvoice } from '@ksef-fleet/ksef/sample-invoice'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiClient, apiClient, type InvoiceView } from '../src/fleet/api-client.ts'
import { companyWithIntegration } from '../src/fleet/demo-company.ts'
import { type ComposeProject, composeCommand, composeProject } from './compose-project.ts'
import { readLedger } from './simulator-ledger.ts'

const run = promisify(execFile)
const command = await composeCommand()
if (command === undefined) {
  console.warn('SKIPPED: no Docker engine with docker-compose answers, so the containers are not tested')
}

const SUBMISSIONS = 200
const KILLED_AFTER = 100
const BUILD_WITHIN_MS = 600_000
const HEALTHY_WITHIN_MS = 180_000
const SETTLED_WITHIN_MS = 300_000

let project: ComposeProject
let key: string
let api: ApiClient
const folder = mkdtempSync(join(tmpdir(), 'fleet-compose-'))

const today = () => new Date().toLocaleDateString('sv-SE', { timeZone: 'Europe/Warsaw' })
const invoice = (sellerNip: string, number: string) =>
  sampleInvoice({ form: 'FA (3)', sellerNip, buyerNip: '1111111111', number, issueDate: today() })

describe.skipIf(command === undefined)('the containers', () => {
  beforeAll(async () => {
    if (command === undefined) return
    const name = `fleet-journey-${process.pid}`
    project = composeProject({
      command,
      name,
      apiPort: await freePort(),
      simulatorPort: await freePort(),
      overlays: [overlay()],
    })
    await project.compose('build')
  }, BUILD_WITHIN_MS)

  afterAll(async () => {
    await project?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  }, 60_000)

  test(
    'come up healthy with one command',
    async () => {
      await project.compose('up', '-d')
      await project.untilHealthy(HEALTHY_WITHIN_MS)
      expect(Object.keys(await project.health()).sort()).toEqual([
        'api',
        'postgres',
        'redis',
        'secrets',
        'simulator',
        'worker',
      ])
      const made = await project.compose(...readmeCommand('create-api-key').split(' ').slice(1))
      key = made.trim()
      api = apiClient(project.apiUrl, key)
    },
    HEALTHY_WITHIN_MS + 60_000,
  )

  test('do not run as root', async () => {
    for (const service of ['api', 'worker', 'simulator']) {
      expect((await project.compose('exec', '-T', service, 'id', '-u')).trim()).toBe('1000')
    }
  })

  test("register an invoice by the README's five steps", async () => {
    const nip = '1234563218'
    const program = fileURLToPath(new URL('../src/sample.ts', import.meta.url))
    await run(process.execPath, [program, '--nip', nip, '--out', join(folder, 'sample')])

    const [company, integration, post, read, upo, ...more] = curlSteps()
    expect(more).toEqual([])
    const COMPANY = idIn(await shell(company))
    expect(idIn(await shell(integration, { COMPANY }))).not.toBe('')
    const INVOICE = idIn(await shell(post, { COMPANY }))
    await api.until<InvoiceView>(
      `/v1/companies/${COMPANY}/invoices/${INVOICE}`,
      ({ state }) => state === 'receipted',
      60_000,
    )
    const view = JSON.parse(await shell(read, { COMPANY, INVOICE })) as InvoiceView
    expect(view).toMatchObject({ state: 'receipted', ksefNumber: expect.stringMatching(/^1234563218-/) })
    expect(await shell(upo, { COMPANY, INVOICE })).toContain(view.ksefNumber)
  }, 120_000)

  test(
    'register every one of 200 invoices once, although the worker is killed amid them',
    async () => {
      const nip = '5265877635'
      const { company } = await companyWithIntegration(api, { nip, name: 'Killed Sp. z o.o.' })
      const ids: string[] = []
      for (let each = 0; each < SUBMISSIONS; each++) {
        if (each === KILLED_AFTER) await project.compose('kill', '-s', 'SIGKILL', 'worker')
        const posted = await api.postInvoice(company.id, invoice(nip, `KILL/${each}`))
        expect(posted.status).toBe(202)
        ids.push(posted.body.id)
      }
      expect(Object.keys(await project.health())).not.toContain('worker')
      await project.compose('up', '-d', 'worker')
      for (const id of ids) {
        const path = `/v1/companies/${company.id}/invoices/${id}`
        const ended = ({ state }: InvoiceView) => ['receipted', 'rejected', 'held'].includes(state)
        expect(await api.until<InvoiceView>(path, ended, SETTLED_WITHIN_MS)).toMatchObject({
          state: 'receipted',
        })
      }
      const { accepted } = await readLedger(project.simulatorUrl)
      const numbers = accepted
        .map((entry) => entry.invoiceNumber ?? '')
        .filter((number) => number.startsWith('KILL/'))
      expect(numbers.length).toBe(SUBMISSIONS)
      expect(new Set(numbers).size).toBe(SUBMISSIONS)
    },
    SETTLED_WITHIN_MS + 120_000,
  )
})

const README = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')

/**
 * What these journeys set beside docker-compose.yml: a worker that is killed is succeeded after seconds, not after the
 * minute of the default lease; and where the official contract is at hand, the simulator holds each answer to it.
 */
function overlay(): string {
  const worker = { environment: { KSEF_DEADLINE_SECONDS: '10', CLAIM_LEASE_SECONDS: '13' } }
  const file = join(folder, 'journeys.yml')
  writeFileSync(file, JSON.stringify({ services: { worker, ...simulatorUnderContract() } }))
  return file
}

function simulatorUnderContract(): Record<string, object> {
  const contracts = process.env.KSEF_CONTRACT_DIR ?? ''
  if (contracts === '') {
    console.warn('KSEF_CONTRACT_DIR is not set: the answers of the simulator in the containers go unchecked')
    return {}
  }
  const command = [
    ...['node', 'packages/simulator/src/main.ts', '--host', '0.0.0.0', '--port', '8080'],
    ...['--contract-file', '/contract/open-api.json'],
  ]
  return { simulator: { volumes: [`${contracts}:/contract:ro`], command } }
}

/** The README's `docker-compose` command that contains the word. */
function readmeCommand(word: string): string {
  const found = README.split('\n').find((line) => line.startsWith('docker-compose ') && line.includes(word))
  if (found === undefined) throw new Error(`the README has no docker-compose command with ${word}`)
  return found.trim()
}

/** The README's curl commands in their order, continuation lines joined. */
function curlSteps(): string[] {
  return [...README.replaceAll(/\\\n\s*/g, '').matchAll(/^\s*(curl -sS .*)$/gm)].map(
    (match) => match[1] ?? '',
  )
}

async function shell(line: string | undefined, variables: Record<string, string> = {}): Promise<string> {
  if (line === undefined) throw new Error('the README has fewer than five curl steps')
  const { stdout } = await run('bash', ['-euc', line], {
    cwd: folder,
    env: { ...process.env, API: project.apiUrl, KEY: key, ...variables },
  })
  return stdout
}

function idIn(answer: string): string {
  const body: unknown = JSON.parse(answer)
  if (body !== null && typeof body === 'object' && 'id' in body && typeof body.id === 'string') return body.id
  throw new Error(`no id in ${answer}`)
}
