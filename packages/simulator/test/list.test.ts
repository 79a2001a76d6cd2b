import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { readContract } from '../src/contract.ts'
import { DEVIATIONS } from '../src/inventory/deviations.ts'
import { describeOperations, listOperations } from '../src/inventory/list.ts'
import { UNIMPLEMENTED } from '../src/routes/unimplemented.ts'
import { aCompany } from './wire/company.ts'
import { contractFolder } from './wire/contract-folder.ts'

async function aFolder() {
  const directory = await mkdtemp(path.join(tmpdir(), 'ksef-simulator-'))
  return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) }
}

test('an operation counts as exercised once it was answered, not when it was refused', async () => {
  await using folder = await aFolder()
  const company = await aCompany({ exerciseDirectory: folder.directory })
  const { caller, access } = company
  await caller.ask('GET', '/sessions?sessionType=Online', { token: access })
  await caller.ask('GET', '/invoices/ksef/nothing', { token: access })
  await company.simulator.close()
  const listed = new Map((await listOperations(folder.directory)).map((one) => [one.operation, one]))
  expect(listed.get('GET /sessions')?.exercised).toBeInstanceOf(Date)
  expect(listed.get('GET /invoices/ksef/{ksefNumber}')).toEqual({
    operation: 'GET /invoices/ksef/{ksefNumber}',
    implemented: true,
  })
})

test('the printed list names every operation of the official API and every deviation with its reason', async ({
  skip,
}) => {
  const folder = contractFolder('the list of operations against the official OpenAPI file')
  if (folder === undefined) return skip()
  const text = await describeOperations('/nonexistent')
  for (const operation of readContract(`${folder}/open-api.json`).operations)
    expect(text).toContain(`\n${operation} `)
  for (const { because } of DEVIATIONS) expect(text).toContain(because)
})

test('every missing operation is told among the deviations, and every deviation is about a known operation', async () => {
  const known = (await listOperations('/nonexistent')).map((one) => one.operation)
  const told = DEVIATIONS.map((one) => one.operation)
  expect(UNIMPLEMENTED.filter((operation) => !told.includes(operation))).toEqual([])
  expect(told.filter((operation) => !known.includes(operation))).toEqual([])
})
