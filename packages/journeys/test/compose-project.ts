import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const OUTPUT_BYTES_MAX = 64_000_000
const LOOK_MS = 500

/** docker-compose.yml brought up under a name of its own, on ports of its own. */
export type ComposeProject = AsyncDisposable & {
  apiUrl: string
  simulatorUrl: string
  /** Runs `docker-compose <args>` in the project and gives what it prints. */
  compose(...args: string[]): Promise<string>
  /** The health of every running service, by name. */
  health(): Promise<Record<string, string>>
  /** Waits until every running service says it is healthy. @throws Error with the last state and the logs */
  untilHealthy(withinMs: number): Promise<void>
}

/** `docker-compose` or `docker compose`, whichever is there together with an engine that answers; else undefined. */
export async function composeCommand(): Promise<[string, ...string[]] | undefined> {
  const answers = async (program: string, ...args: string[]) =>
    await run(program, args, { timeout: 10_000 }).then(
      () => true,
      () => false,
    )
  if (!(await answers('docker', 'version'))) return undefined
  if (await answers('docker-compose', 'version')) return ['docker-compose']
  return (await answers('docker', 'compose', 'version')) ? ['docker', 'compose'] : undefined
}

export function composeProject(options: {
  command: [string, ...string[]]
  name: string
  apiPort: number
  simulatorPort: number
  /** More files of Compose, laid over docker-compose.yml in their order. */
  overlays?: readonly string[]
}): ComposeProject {
  const [program, ...before] = options.command
  const files = ['docker-compose.yml', ...(options.overlays ?? [])].flatMap((file) => ['--file', file])
  const env = {
    ...process.env,
    COMPOSE_PROJECT_NAME: options.name,
    API_PORT: String(options.apiPort),
    SIMULATOR_PORT: String(options.simulatorPort),
  }
  const compose = async (...args: string[]) => {
    const { stdout } = await run(program, [...before, ...files, ...args], {
      cwd: ROOT,
      env,
      maxBuffer: OUTPUT_BYTES_MAX,
    })
    return stdout
  }
  const health = async () => {
    // By the engine's own client: this is asked again and again, and docker-compose takes a second to start.
    const ours = `label=com.docker.compose.project=${options.name}`
    const listed = await run('docker', ['ps', '--quiet', '--filter', ours])
    const ids = listed.stdout.split('\n').filter((id) => id !== '')
    if (ids.length === 0) return {}
    const format =
      '{{index .Config.Labels "com.docker.compose.service"}} {{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{end}}'
    const { stdout } = await run('docker', ['inspect', '--format', format, ...ids])
    const states = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
    return Object.fromEntries(
      states.filter(([, status]) => status === 'running').map(([name = '', , state = '']) => [name, state]),
    )
  }
  return {
    apiUrl: `http://127.0.0.1:${options.apiPort}`,
    simulatorUrl: `http://127.0.0.1:${options.simulatorPort}`,
    compose,
    health,
    async untilHealthy(withinMs) {
      const until = Date.now() + withinMs
      for (;;) {
        const states = Object.entries(await health())
        if (states.length > 0 && states.every(([, state]) => state === 'healthy')) return
        if (Date.now() > until) {
          throw new Error(`not healthy: ${JSON.stringify(states)}\n${await compose('logs', '--tail=50')}`)
        }
        await sleep(LOOK_MS)
      }
    },
    async [Symbol.asyncDispose]() {
      await compose('down', '--volumes', '--timeout', '5')
    },
  }
}
