/**
 * For every connection to Redis. One that was master when we connected, and is a replica by now, keeps the connection and refuses
 * whatever writes, for as long as it lives: the address leads to another one by then, so it is dialled anew. The command that
 * was refused fails as it does while Redis is away.
 */
export const LEAVING_DEMOTED_REDIS = {
  reconnectOnError: (error: Error): boolean => error.message.includes('READONLY'),
}
