import { lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { type DestinationPolicy, isAllowedAddress } from '@ksef-fleet/core'

/** What is told apart from a name that is not known: somebody points this fleet at where it has no business. */
export const ADDRESS_REFUSED = 'ERR_ADDRESS_REFUSED'

/**
 * Resolves names for connections, and refuses a name of which any address is not allowed. It is asked in the moment of
 * connecting and its answer is what is connected to, so that a name cannot be one thing when looked at and another when used.
 */
export const publicLookup =
  (policy: DestinationPolicy, resolve: LookupFunction = systemLookup): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, [])
      const addresses = typeof found === 'string' ? [{ address: found, family: 0 }] : found
      const [first] = addresses
      if (first === undefined || !addresses.every(({ address }) => isAllowedAddress(address, policy)))
        return callback(refused(), [])
      if (options.all === true) return callback(null, addresses)
      callback(null, first.address, first.family)
    })
  }

const refused = (): NodeJS.ErrnoException =>
  Object.assign(new Error('the name leads to an address that is not allowed'), { code: ADDRESS_REFUSED })
