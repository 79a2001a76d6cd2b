/** What every secret store promises, asked of each of them. */
import { createHash, randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { type NewSecret, type SecretStore, SecretStoreError } from '../src/secrets/secret-store.ts'

export const CANARY = 'canary-31cd-5c'

/** A secret as the manager writes it: the version's id follows from the value. */
export function secretOf(
  value: string,
  number = 1,
  stage: NewSecret['stage'] = 'pending',
): NewSecret & { stage: NewSecret['stage'] } {
  const version = createHash('sha256').update(value).digest('hex')
  const mark = `fleet-v${number}-token-${version.slice(0, 12)}`
  return { value, version, mark, stage, tags: { 'ksef-fleet:owner': 'provider' } }
}

export const newName = () => `ksef-fleet-test/${randomUUID()}/${randomUUID()}`

export const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => error,
  )

export function promisesOf(storeOf: () => SecretStore): void {
  const valueIn = async (name: string, { version }: NewSecret) =>
    (await storeOf().get(name, version))?.value ?? null

  test('gives back the version that is asked for, and nothing for a name or a version never written', async () => {
    const [name, one, two] = [newName(), secretOf(CANARY, 1, 'current'), secretOf('two', 2)]
    await storeOf().put(name, one)
    await storeOf().put(name, two)
    expect(await storeOf().get(name, one.version)).toEqual({
      value: CANARY,
      version: one.version,
      mark: one.mark,
      stages: ['current'],
    })
    expect(await valueIn(name, two)).toBe('two')
    expect(await valueIn(name, secretOf('three'))).toBeNull()
    expect(await valueIn(newName(), one)).toBeNull()
  })

  test('writes a version once: the same again changes nothing, another value under its id is refused', async () => {
    const [name, one] = [newName(), secretOf(CANARY, 1, 'current')]
    await storeOf().put(name, one)
    await storeOf().put(name, one)
    const failure = await failureOf(storeOf().put(name, { ...one, value: 'another' }))
    expect(failure).toBeInstanceOf(SecretStoreError)
    expect(failure).toMatchObject({ kind: 'broken' })
    expect(await valueIn(name, one)).toBe(CANARY)
    expect(await storeOf().versions(name)).toHaveLength(1)
  })

  test('moves current and previous when a pending version is promoted, however often it is', async () => {
    const [name, one, two] = [newName(), secretOf('one', 1, 'current'), secretOf('two', 2)]
    await storeOf().put(name, one)
    await storeOf().put(name, two)
    expect((await storeOf().get(name, two.version))?.stages).toEqual(['pending'])
    for (let time = 0; time < 3; time++) await storeOf().promote(name, two.version)
    expect((await storeOf().get(name, two.version))?.stages).toEqual(['current'])
    expect((await storeOf().get(name, one.version))?.stages).toEqual(['previous'])
  })

  test('keeps a version that has no stage left until it is erased', async () => {
    const name = newName()
    const all = [secretOf('one', 1, 'current'), secretOf('two', 2), secretOf('three', 3)]
    for (const one of all) {
      await storeOf().put(name, one)
      await storeOf().promote(name, one.version)
    }
    const [first = secretOf('')] = all
    expect(await storeOf().get(name, first.version)).toMatchObject({ value: 'one', stages: [] })
    await storeOf().eraseVersion(name, first.version)
    expect(await valueIn(name, first)).toBeNull()
    const left = await storeOf().versions(name)
    expect(left.map(({ mark }) => mark).toSorted()).toEqual(all.slice(1).map(({ mark }) => mark))
  })

  test('erases the pending version of a rotation that failed, and leaves the current one alone', async () => {
    const [name, one, two] = [newName(), secretOf('one', 1, 'current'), secretOf('two', 2)]
    await storeOf().put(name, one)
    await storeOf().put(name, two)
    for (let time = 0; time < 2; time++) await storeOf().eraseVersion(name, two.version)
    expect(await valueIn(name, two)).toBeNull()
    expect(await storeOf().versions(name)).toEqual([
      { version: one.version, mark: one.mark, stages: ['current'] },
    ])
    expect(await failureOf(storeOf().promote(name, two.version))).toMatchObject({ kind: 'broken' })
  })

  test('erases version after version, the current one among them, until nothing is left', async () => {
    const name = newName()
    const all = [secretOf('one', 1, 'current'), secretOf('two', 2, 'current'), secretOf('three', 3)]
    for (const one of all) await storeOf().put(name, one)
    for (const one of [all[1], all[0], all[2]]) await storeOf().eraseVersion(name, one?.version ?? '')
    for (const one of all) expect(await valueIn(name, one)).toBeNull()
    expect(await storeOf().versions(name)).toEqual([])
  })

  test('erases a secret with all its versions; twice is harmless', async () => {
    const [name, one, two] = [newName(), secretOf('one', 1, 'current'), secretOf('two', 2)]
    await storeOf().put(name, one)
    await storeOf().put(name, two)
    for (let time = 0; time < 2; time++) await storeOf().erase(name)
    await storeOf().eraseVersion(name, one.version)
    expect([await valueIn(name, one), await valueIn(name, two)]).toEqual([null, null])
  })

  test('takes two rotations at once: both versions can be read, and the later write is the pending one', async () => {
    const [name, one] = [newName(), secretOf('one', 1, 'current')]
    await storeOf().put(name, one)
    const [two, other] = [secretOf('two', 2), secretOf('the other two', 2)]
    await storeOf().put(name, two)
    await storeOf().put(name, other)
    expect(await storeOf().get(name, two.version)).toMatchObject({ value: 'two', stages: [] })
    expect(await storeOf().get(name, other.version)).toMatchObject({ stages: ['pending'] })
    await storeOf().promote(name, two.version)
    expect((await storeOf().get(name, two.version))?.stages).toEqual(['current'])
  })

  test('takes a secret as large as a certificate with a 4096-bit key', async () => {
    const large = secretOf(JSON.stringify({ certificatePem: 'c'.repeat(8_000), key: 'k'.repeat(4_000) }))
    const name = newName()
    await storeOf().put(name, large)
    expect(await valueIn(name, large)).toBe(large.value)
  })
}
