/** Looks for what must not be told in everything a fleet tells: logs, Redis, every text in PostgreSQL. */
import { existsSync, readFileSync } from 'node:fs'
import { dumpRedis, dumpTables, spellings } from '../../leaks/search.ts'
import type { StormCompany } from '../process/companies.ts'
import type { Stack } from '../process/stack.ts'
import type { Finding } from './verdict.ts'

export type SecretSearch = {
  leaks: Finding[]
  /** Searches made: values in all their spellings times places. */
  searches: number
  /** Places in which the search did not even find what certainly stands there. */
  blind: string[]
}

/** What a token and an invoice begin with, whosever they are. */
const ANYBODYS = ['eyJhbGci', '<Faktura', '-----BEGIN PRIVATE']

export async function searchSecrets(
  stack: Stack,
  about: {
    companies: readonly StormCompany[]
    newSecrets: readonly string[]
    redisDumps: readonly string[]
    submissionId: string
  },
): Promise<SecretSearch> {
  const secrets = [
    stack.apiKey,
    stack.masterKey,
    ...stack.servers.passwords,
    ...about.companies.map(({ credentialSecret }) => credentialSecret),
    ...about.newSecrets,
  ]
  const canaries = [...ANYBODYS, ...secrets.flatMap(spellings)]
  const logs = stack.logFiles().filter((file) => existsSync(file))
  const places = [
    {
      name: 'logs',
      text: logs.map((file) => readFileSync(file, 'utf8')).join('\n'),
      stands: about.submissionId,
    },
    { name: 'postgres', text: await dumpTables(stack.servers.adminUrl), stands: about.submissionId },
    { name: 'redis', text: await dumpRedis(stack.servers.redis.url), stands: 'bull:' },
    ...about.redisDumps.map((text, index) => ({
      name: `redis before flush ${index + 1}`,
      text,
      stands: 'bull:',
    })),
  ]
  return {
    searches: places.length * canaries.length,
    leaks: places.flatMap((place) => findIn(place, canaries)),
    blind: places.filter(({ text, stands }) => !text.includes(stands)).map(({ name }) => name),
  }
}

export const findIn = (place: { name: string; text: string }, canaries: readonly string[]): Finding[] =>
  canaries
    .filter((canary) => place.text.includes(canary))
    .map((canary) => ({ what: `a secret that begins ${canary.slice(0, 4)}…`, where: place.name }))
