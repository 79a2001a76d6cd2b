import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { claimDirectory, claimFreshDirectory } from './claimed-directory.ts'
import { postgresAnswers, redisAnswers } from './readiness.ts'
import { chooseSource, type Kind, type ServiceSource } from './service-source.ts'
import type { Log, ServerOptions, StartedServer } from './started-server.ts'

export type Need = 'postgres' | 'redis' | 'aws'
export type Origin = 'given' | Kind

/** Servers that answer until disposed. A need that was not stated is not started, and its address is ''. */
export type Services = AsyncDisposable & {
  /** Connects as a superuser, to the database `postgres` unless an address was given. */
  postgresAdminUrl: string
  redisUrl: string
  /** Secrets Manager; undefined where it was not asked for, or only local programs are at hand. */
  awsEndpointUrl: string | undefined
  origin: { [need in Need]?: Origin }
}

export type ServicesOptions = {
  /** Where data, logs and passwords lie; below an ignored folder. */
  directory: string
  log: Log
  /** PostgreSQL and Redis unless stated. */
  need?: readonly Need[]
  /** false: data lives in a fresh folder below `directory`, does not wait for the disk and is gone afterwards. */
  durable?: boolean
  /** What is used where both are at hand; containers unless stated. */
  prefer?: Kind
}

const GIVEN_ANSWERS_MS = 10_000

/**
 * Starts what is needed, or uses what is given; returns when everything answers queries. Dispose in the order
 * reverse to starting. Servers also end when this process is killed.
 * @throws NoServices, DirectoryInUse, RedisEvicts, or the error of the server's own start with the end of its log
 */
export async function startServices(options: ServicesOptions): Promise<Services> {
  const durable = options.durable ?? true
  const need = options.need ?? ['postgres', 'redis']
  await using started = new AsyncDisposableStack()
  let source: Promise<ServiceSource> | undefined
  let place: ServerOptions | undefined
  const origin: { [need in Need]?: Origin } = {}
  const obtain = async (name: Need, given: string | undefined): Promise<string | undefined> => {
    if (!need.includes(name)) return undefined
    if (given !== undefined && given !== '') {
      await checkGiven(name, given)
      origin[name] = 'given'
      return given
    }
    place ??= started.adopt(takePlace(options, durable), (taken) => taken[Symbol.dispose]()).options
    source ??= chooseSource({
      prefer: options.prefer ?? 'container',
      directory: place.directory,
      log: options.log,
    })
    const chosen = await source
    const server: StartedServer | undefined = await chosen[name](place)
    if (server === undefined) return undefined
    started.defer(() => server.stop())
    origin[name] = chosen.kind
    return server.url
  }
  const postgresAdminUrl = await obtain('postgres', process.env.DATABASE_URL)
  const redisUrl = await obtain('redis', process.env.REDIS_URL)
  const awsEndpointUrl = await obtain('aws', process.env.AWS_ENDPOINT_URL)
  const held = started.move()
  return {
    postgresAdminUrl: postgresAdminUrl ?? '',
    redisUrl: redisUrl ?? '',
    awsEndpointUrl,
    origin,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

async function checkGiven(name: Need, url: string): Promise<void> {
  if (name === 'postgres') await postgresAnswers(url, GIVEN_ANSWERS_MS)
  if (name === 'redis') await redisAnswers(url, GIVEN_ANSWERS_MS)
}

function takePlace(
  { directory, log }: ServicesOptions,
  durable: boolean,
): { options: ServerOptions } & Disposable {
  const parent = resolve(directory)
  const taken = durable ? { directory: parent, ...claimDirectory(parent) } : claimFreshDirectory(parent)
  return {
    options: { directory: taken.directory, password: passwordOf(taken.directory), durable, log },
    [Symbol.dispose]: () => taken[Symbol.dispose](),
  }
}

/** Made once for a directory and kept with the data that only it opens. */
function passwordOf(directory: string): string {
  const file = join(directory, 'services.password')
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('hex'), { mode: 0o600 })
  return readFileSync(file, 'utf8')
}
