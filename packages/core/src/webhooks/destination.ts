/**
 * Where the fleet may post to. A receiver's address is given by a stranger, who could point it at this network: so an
 * address is judged when it is given, and again, resolved, each time a connection is made. What is not a public address
 * is refused, whatever else it may be.
 */
import ipaddr from 'ipaddr.js'

/**
 * @property http plain http is taken as well
 * @property networks addresses that are allowed although they are not public, such as `10.1.0.0/16`
 */
export type DestinationPolicy = { http: boolean; networks: readonly string[] }

export const PUBLIC_DESTINATIONS: DestinationPolicy = { http: false, networks: [] }

export const URL_CHARACTERS_MAX = 2_000

/** Services of a machine itself lie below; they are none of ours to knock at. */
const PORT_MIN = 1_024

/** What is wrong with a URL as it stands, or null. */
export function faultOfUrl(text: string, policy: DestinationPolicy): string | null {
  if (text.length > URL_CHARACTERS_MAX) return `it is longer than ${URL_CHARACTERS_MAX} characters`
  if (!URL.canParse(text)) return 'it is no URL'
  const url = new URL(text)
  if (url.protocol !== 'https:' && !(policy.http && url.protocol === 'http:')) return 'it must be https'
  if (url.username !== '' || url.password !== '') return 'it must not carry a user or a password'
  if (url.hash !== '') return 'it must not carry a fragment'
  return faultOfPort(url.port, policy) ?? faultOfHost(url.hostname, policy)
}

function faultOfPort(port: string, { http }: DestinationPolicy): string | null {
  if (port === '' || Number(port) >= PORT_MIN || port === '443' || (http && port === '80')) return null
  return `its port must be 443 or at least ${PORT_MIN}`
}

/** A name is judged by what it resolves to, once it is known; `localhost` is known. */
function faultOfHost(hostname: string, policy: DestinationPolicy): string | null {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (ipaddr.isValid(host)) return isAllowedAddress(host, policy) ? null : 'its address is not public'
  if (policy.networks.length > 0 || (host.includes('.') && !host.endsWith('.localhost'))) return null
  return 'its host is no public name'
}

/** Whether a connection to that address, in digits, may be made. */
export function isAllowedAddress(address: string, { networks }: DestinationPolicy): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.parse(address)
  return isPublic(parsed) || networks.some((network) => lies(parsed, ipaddr.parseCIDR(network)))
}

const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')

/** IPv4 in the clothes of IPv6 (mapped, 6to4, Teredo, NAT64) has a range of its own, and so is none of `unicast`. */
const isPublic = (address: ipaddr.IPv4 | ipaddr.IPv6): boolean =>
  address.range() === 'unicast' && (address instanceof ipaddr.IPv4 || address.match(GLOBAL_UNICAST))

const lies = (address: ipaddr.IPv4 | ipaddr.IPv6, network: [ipaddr.IPv4 | ipaddr.IPv6, number]): boolean =>
  address.kind() === network[0].kind() && address.match(network)

/** Whether it is a network as the setting spells it, such as `10.1.0.0/16`. */
export const isNetwork = (text: string): boolean => ipaddr.isValidCIDR(text)
