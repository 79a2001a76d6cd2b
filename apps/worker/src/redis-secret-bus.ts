import { CompanyId, CredentialId, type Log, type SecretBus, type SecretChange } from '@ksef-fleet/core'
import type { Redis } from 'ioredis'

const CHANNEL = 'ksef-fleet-secret-changes'

type Listener = Parameters<SecretBus['listen']>[0]

/**
 * News of changed credentials and companies between processes, over Redis pub/sub. A message is `<what>:<id>` and nothing
 * else. Pub/sub keeps nothing: after each reconnection the listeners are told that they may have missed some.
 *
 * @param connections.subscriber a connection of its own, which is used for nothing else; connected with
 *   `autoResubscribe: false`
 * @param connections.publisher one that refuses at once while Redis is away
 */
export function redisSecretBus(connections: { subscriber: Redis; publisher: Redis }, log: Log): SecretBus {
  const { subscriber, publisher } = connections
  const listeners: Listener[] = []
  let subscribedBefore = false

  const subscribe = async (): Promise<void> => {
    try {
      await subscriber.subscribe(CHANNEL)
    } catch (error) {
      // The connection broke again; its next `ready` subscribes.
      log.warn({ error }, 'secret-bus.subscribe-failed')
      return
    }
    if (subscribedBefore) for (const { missed } of listeners) missed()
    subscribedBefore = true
  }

  subscriber.on('message', (_channel: string, message: string) => {
    const change = readChange(message)
    if (change === null) log.warn({}, 'secret-bus.message-unknown')
    else for (const { changed } of listeners) changed(change)
  })
  subscriber.on('ready', () => void subscribe())
  if (subscriber.status === 'ready') void subscribe()

  return {
    async publish({ of, id }) {
      try {
        await publisher.publish(CHANNEL, `${of}:${id}`)
      } catch (error) {
        log.warn({ error, kind: of }, 'secret-bus.publish-failed')
      }
    },
    listen: (listener) => {
      listeners.push(listener)
    },
  }
}

function readChange(message: string): SecretChange | null {
  const [of, id] = message.split(':', 2)
  if (of === 'credential') {
    const read = CredentialId.safeParse(id)
    return read.success ? { of, id: read.data } : null
  }
  const read = CompanyId.safeParse(id)
  return of === 'company' && read.success ? { of, id: read.data } : null
}
