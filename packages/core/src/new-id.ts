import { v7 } from 'uuid'

/** A source of UUIDs, version 7: they sort by creation, so that indexes grow at their end. */
export const createIdSource =
  (deps: { now: () => Date; randomBytes: (length: number) => Uint8Array }) => (): string =>
    v7({ msecs: deps.now().getTime(), random: deps.randomBytes(16) })
