import { request } from 'node:http'

const ANSWER_MS = 2_000

/**
 * Whether a Docker engine answers. DOCKER_HOST, when set, is the user's word: if that engine is silent, no other one
 * is looked for.
 */
export async function engineAnswers(): Promise<boolean> {
  const host = process.env.DOCKER_HOST
  if (host !== undefined && host !== '' && !(await ping(host))) return false
  const { getContainerRuntimeClient } = await import('testcontainers')
  try {
    await getContainerRuntimeClient()
    return true
  } catch {
    return false // the library's only way of saying that it found none
  }
}

function ping(host: string): Promise<boolean> {
  const url = new URL(host)
  const target =
    url.protocol === 'unix:'
      ? { socketPath: url.pathname }
      : { hostname: url.hostname, port: url.port === '' ? 2375 : Number(url.port) }
  if (url.protocol === 'ssh:') return Promise.resolve(true) // left to the library, which speaks it
  return new Promise((resolve) => {
    const asked = request({ ...target, path: '/_ping', timeout: ANSWER_MS }, (response) => {
      response.resume()
      resolve(response.statusCode !== undefined && response.statusCode < 500)
    })
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve(false))
    asked.end()
  })
}
