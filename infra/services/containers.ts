import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { GenericContainer, getContainerRuntimeClient, type StartedTestContainer, Wait } from 'testcontainers'
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.ts'
import { postgresAnswers, redisAnswers } from './readiness.ts'
import type { ServerOptions, StartedServer } from './started-server.ts'

const START_MS = 180_000
const READY_MS = 60_000
const OWNER_PID = 'ksef-fleet.owner.pid'
const OWNER_START = 'ksef-fleet.owner.started-at'
const OWNER_HOST = 'ksef-fleet.owner.host'

export async function startPostgresContainer(options: ServerOptions): Promise<StartedServer> {
  options.log('PostgreSQL: starting container postgres:17')
  const tuning = options.durable
    ? []
    : ['-c', 'fsync=off', '-c', 'synchronous_commit=off', '-c', 'full_page_writes=off']
  const container = await started(options, {
    image: 'postgres:17',
    port: 5432,
    data: '/var/lib/postgresql/data',
    environment: {
      POSTGRES_PASSWORD: options.password,
      TZ: 'UTC',
      POSTGRES_INITDB_ARGS: '--locale-provider=builtin --builtin-locale=C.UTF-8 --encoding=UTF8',
    },
    command: ['postgres', '-c', 'max_connections=300', '-c', 'timezone=UTC', ...tuning],
  })
  const url = `postgres://postgres:${options.password}@${hostOf(container)}:${container.getMappedPort(5432)}/postgres`
  await postgresAnswers(url, READY_MS)
  return { url, stop: async () => void (await container.stop()) }
}

export async function startRedisContainer(options: ServerOptions): Promise<StartedServer> {
  options.log('Redis: starting container redis:7')
  const container = await started(options, {
    image: 'redis:7',
    port: 6379,
    data: '/data',
    environment: {},
    command: [
      ...['redis-server', '--maxmemory-policy', 'noeviction', '--databases', '1024'],
      ...['--requirepass', options.password, '--appendonly', options.durable ? 'yes' : 'no'],
    ],
  })
  const url = `redis://:${options.password}@${hostOf(container)}:${container.getMappedPort(6379)}`
  await redisAnswers(url, READY_MS)
  return { url, stop: async () => void (await container.stop()) }
}

/** AWS Secrets Manager as moto plays it. Holds what it holds in memory: gone when it stops. */
export async function startAwsContainer(options: ServerOptions): Promise<StartedServer> {
  options.log('Secrets Manager: starting container motoserver/moto:5')
  const container = await started(
    { ...options, durable: false },
    {
      image: 'motoserver/moto:5',
      port: 5000,
      data: '/unused',
      environment: {},
      command: [],
    },
  )
  const url = `http://${hostOf(container)}:${container.getMappedPort(5000)}`
  return { url, stop: async () => void (await container.stop()) }
}

/**
 * By number: `localhost` names two addresses of which one is published, and a busy machine that tries them in turn may
 * run out of the quarter of a second that Node gives to each.
 */
const hostOf = (container: StartedTestContainer): string =>
  container.getHost() === 'localhost' ? '127.0.0.1' : container.getHost()

/** Publishes its ports on the loopback address only, wherever the engine is this machine's own. */
class PrivateContainer extends GenericContainer {
  protected override async beforeContainerCreated(): Promise<void> {
    const { info } = await getContainerRuntimeClient()
    if (info.containerRuntime.host !== 'localhost') return
    const published: Record<string, { HostIp?: string }[]> = this.hostConfig.PortBindings ?? {}
    for (const binding of Object.values(published).flat()) binding.HostIp = '127.0.0.1'
  }
}

type Image = {
  image: string
  port: number
  /** Where the image keeps its data; a volume there when the data must outlive the container. */
  data: string
  environment: Record<string, string>
  command: string[]
}

async function started(options: ServerOptions, image: Image): Promise<StartedTestContainer> {
  const owner = ownIdentity()
  const container = new PrivateContainer(image.image)
    .withEnvironment(image.environment)
    .withExposedPorts({ container: image.port, host: 0 })
    .withLabels({ [OWNER_PID]: String(owner.pid), [OWNER_START]: owner.startedAt, [OWNER_HOST]: hostname() })
    .withWaitStrategy(Wait.forListeningPorts())
    .withStartupTimeout(START_MS)
    // The library's reaper is one more image to pull; the labels above say whose a container is, which is enough.
    .withAutoCleanup(false)
  if (image.command.length > 0) container.withCommand(image.command)
  if (options.durable) {
    container.withBindMounts([{ source: volumeOf(options, image), target: image.data, mode: 'rw' }])
  }
  return await container.start()
}

/** Named after the directory and its password: when either is gone, so is what was encrypted for them. */
function volumeOf({ directory, password }: ServerOptions, { image }: Image): string {
  const id = createHash('sha256').update(`${directory}\0${password}`).digest('hex').slice(0, 12)
  return `ksef-fleet-${id}-${image.replaceAll(/[^a-z0-9]+/g, '-')}`
}

/** Removes the containers of runs that were killed before they could remove them. */
export async function removeAbandonedContainers(): Promise<void> {
  const { container: engine } = await getContainerRuntimeClient()
  for (const found of await engine.list()) {
    const owner = ownerIn(found.Labels)
    if (owner === undefined || isAlive(owner)) continue
    const abandoned = engine.getById(found.Id)
    await engine.stop(abandoned, { timeout: 10 })
    await engine.remove(abandoned, { removeVolumes: false })
  }
}

function ownerIn(labels: Record<string, string>): ProcessIdentity | undefined {
  const pid = Number(labels[OWNER_PID])
  const startedAt = labels[OWNER_START]
  if (labels[OWNER_HOST] !== hostname()) return undefined // process ids of another machine mean nothing here
  return Number.isInteger(pid) && startedAt !== undefined ? { pid, startedAt } : undefined
}
