import { join } from 'node:path'
import { engineAnswers } from './container-engine.ts'
import { findPostgresBinaries } from './postgres-binaries.ts'
import { findRedisBinary } from './redis-binary.ts'
import type { Log, ServerOptions, StartedServer } from './started-server.ts'

export type Kind = 'container' | 'local'

/** Where servers come from when no address was given. */
export type ServiceSource = {
  kind: Kind
  postgres(options: ServerOptions): Promise<StartedServer>
  redis(options: ServerOptions): Promise<StartedServer>
  aws(options: ServerOptions): Promise<StartedServer | undefined>
}

/** Says the three ways to PostgreSQL and Redis when none of them is open. */
export class NoServices extends Error {
  constructor(missing: string, address: string) {
    super(
      `${missing} is needed and could not be found. Any one of these helps:\n` +
        `  1. give its address: ${address}\n` +
        '  2. start a Docker engine (postgres:17 and redis:7 are used)\n' +
        '  3. have it as a local program: PostgreSQL comes with npm on Linux and macOS; for Redis put redis-server or ' +
        'valkey-server on PATH, or run as root on Debian or Ubuntu, where apt-get installs it',
    )
    this.name = 'NoServices'
  }
}

/**
 * FLEET_SERVICES=local or =containers forces one source; otherwise a Docker engine, when it answers, comes first, unless
 * local programs are preferred and there.
 */
export async function chooseSource(of: {
  prefer: Kind
  directory: string
  log: Log
}): Promise<ServiceSource> {
  const forced = process.env.FLEET_SERVICES ?? ''
  if (!['', 'local', 'containers'].includes(forced)) {
    throw new Error(`FLEET_SERVICES is "${forced}"; it may be "local" or "containers"`)
  }
  if (forced === 'local') return localSource
  if (forced === '' && of.prefer === 'local' && (await hasPrograms(of))) return localSource
  if (await engineAnswers()) return await containerSource()
  if (forced === 'containers') throw new Error('FLEET_SERVICES=containers, but no Docker engine answers')
  return localSource
}

async function hasPrograms({ directory, log }: { directory: string; log: Log }): Promise<boolean> {
  if ((await findPostgresBinaries()) === undefined) return false
  return (await findRedisBinary(join(directory, 'tools'), log)) !== undefined
}

async function containerSource(): Promise<ServiceSource> {
  const containers = await import('./containers.ts')
  await containers.removeAbandonedContainers()
  return {
    kind: 'container',
    postgres: containers.startPostgresContainer,
    redis: containers.startRedisContainer,
    aws: containers.startAwsContainer,
  }
}

const localSource: ServiceSource = {
  kind: 'local',
  async postgres(options) {
    const binaries = await findPostgresBinaries()
    if (binaries === undefined)
      throw new NoServices('PostgreSQL', 'DATABASE_URL=postgres://admin:password@host:5432/postgres')
    options.log('PostgreSQL: starting the local program')
    const { startLocalPostgres } = await import('./local-postgres.ts')
    return await startLocalPostgres({ ...options, binaries })
  },
  async redis(options) {
    const binary = await findRedisBinary(join(options.directory, 'tools'), options.log)
    if (binary === undefined) throw new NoServices('Redis', 'REDIS_URL=redis://:password@host:6379')
    options.log(`Redis: starting ${binary}`)
    const { startLocalRedis } = await import('./local-redis.ts')
    return await startLocalRedis({ ...options, binary })
  },
  // No local program imitates Secrets Manager; whoever needs it says so where it is missing.
  aws: () => Promise.resolve(undefined),
}
