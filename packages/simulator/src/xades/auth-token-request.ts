import { BlockList } from 'node:net'
import { XmlElement } from 'libxml2-wasm'
import { type Context, type ContextType, isWellFormedContext } from '../identity.ts'
import { KsefRefusal } from '../refusal.ts'

/** AuthTokenRequest 2.0 and 2.1 (schemat_auth_v2-1.xsd), read from the very element whose signature was verified. */
export type AuthTokenRequest = {
  challenge: string
  context: Context
  subjectIdentifierType: 'certificateSubject' | 'certificateFingerprint'
  allowedIps?: AllowedIps
}

const CONTEXT_TYPES: readonly string[] = ['Nip', 'InternalId', 'NipVatUe', 'PeppolId'] satisfies ContextType[]
const isContextType = (name: string): name is ContextType => CONTEXT_TYPES.includes(name)
const DSIG = 'http://www.w3.org/2000/09/xmldsig#'

function childElements(of: XmlElement): XmlElement[] {
  const children: XmlElement[] = []
  for (let child = of.firstChild; child !== null; child = child.next) {
    if (child instanceof XmlElement && child.namespaceUri !== DSIG) children.push(child)
  }
  return children
}

const invalid = (what: string): KsefRefusal => new KsefRefusal(21401, what)

function readContext(element: XmlElement | undefined): Context {
  const [identifier, ...others] = element?.name === 'ContextIdentifier' ? childElements(element) : []
  if (identifier === undefined || others.length > 0 || !isContextType(identifier.name)) {
    throw invalid('ContextIdentifier musi zawierać jeden identyfikator.')
  }
  const context: Context = { type: identifier.name, value: identifier.content }
  if (!isWellFormedContext(context)) throw invalid(`Nieprawidłowy identyfikator kontekstu ${context.type}.`)
  return context
}

export type AllowedIps = {
  ip4Addresses?: readonly string[] | null
  ip4Ranges?: readonly string[] | null
  ip4Masks?: readonly string[] | null
}

const OCTET = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const ADDRESS = `(${OCTET}\\.){3}${OCTET}`

/** How addresses are written (schema AllowedIps; the same in AuthTokenRequest 2.1). */
export const IP4 = {
  address: new RegExp(`^${ADDRESS}$`),
  range: new RegExp(`^${ADDRESS}-${ADDRESS}$`),
  mask: new RegExp(`^${ADDRESS}/(0|[1-9]|[12]\\d|3[0-2])$`),
}

/** Decides by an AuthorizationPolicy; an absent or empty list allows every address. */
export function ipPolicy(allowed: AllowedIps | undefined): (clientIp: string) => boolean {
  const addresses = allowed?.ip4Addresses ?? []
  const ranges = allowed?.ip4Ranges ?? []
  const masks = allowed?.ip4Masks ?? []
  if (addresses.length + ranges.length + masks.length === 0) return () => true
  const list = new BlockList()
  for (const address of addresses) list.addAddress(address)
  for (const range of ranges) {
    const [first = '', last = ''] = range.split('-')
    list.addRange(first, last)
  }
  for (const mask of masks) {
    const [network = '', bits = '32'] = mask.split('/')
    list.addSubnet(network, Number(bits))
  }
  return (clientIp) => list.check(clientIp.replace(/^::ffff:/, ''))
}

const ADDRESSES_MAX = 10

function findStrangeAddress(allowed: AllowedIps): string | undefined {
  const kinds = [
    [allowed.ip4Addresses ?? [], IP4.address],
    [allowed.ip4Ranges ?? [], IP4.range],
    [allowed.ip4Masks ?? [], IP4.mask],
  ] as const
  for (const [addresses, pattern] of kinds) {
    const strange = addresses.find((address) => !pattern.test(address))
    if (strange !== undefined) return `Nieprawidłowy adres ${strange} w AllowedIps.`
    if (addresses.length > ADDRESSES_MAX) return `Więcej niż ${ADDRESSES_MAX} adresów jednego rodzaju.`
  }
  try {
    ipPolicy(allowed)
    return undefined
  } catch (error) {
    return `AllowedIps: ${error instanceof Error ? error.message : String(error)}`
  }
}

/**
 * The policy as data, once it is known to make sense.
 *
 * @param code of the refusal: 21401 for XML, 21405 for JSON
 */
export function checkedIps(
  allowedIps: AllowedIps | undefined,
  code: 21401 | 21405,
): { allowedIps?: AllowedIps } {
  if (allowedIps === undefined) return {}
  const finding = findStrangeAddress(allowedIps)
  if (finding !== undefined) throw new KsefRefusal(code, finding)
  return { allowedIps }
}

function readPolicy(element: XmlElement | undefined): { allowedIps?: AllowedIps } {
  if (element === undefined) return {}
  const [allowedIps, ...others] = childElements(element)
  if (element.name !== 'AuthorizationPolicy' || allowedIps?.name !== 'AllowedIps' || others.length > 0) {
    throw invalid('AuthorizationPolicy musi zawierać AllowedIps.')
  }
  const named = (name: string) =>
    childElements(allowedIps)
      .filter((one) => one.name === name)
      .map((one) => one.content)
  const policy = {
    ip4Addresses: named('Ip4Address'),
    ip4Ranges: named('Ip4Range'),
    ip4Masks: named('Ip4Mask'),
  }
  return checkedIps(policy, 21401)
}

/** Reads the request; 21401 with the place where it departs from the schema. */
export function readAuthTokenRequest(request: XmlElement): AuthTokenRequest {
  const [challenge, context, identifierType, policy, ...others] = childElements(request)
  if (challenge?.name !== 'Challenge' || challenge.content.length !== 36)
    throw invalid('Challenge musi mieć 36 znaków.')
  const kind = identifierType?.name === 'SubjectIdentifierType' ? identifierType.content : undefined
  if (kind !== 'certificateSubject' && kind !== 'certificateFingerprint')
    throw invalid('Nieprawidłowy SubjectIdentifierType.')
  if (others.length > 0) throw invalid(`Nieoczekiwany element ${others[0]?.name}.`)
  return {
    challenge: challenge.content,
    context: readContext(context),
    subjectIdentifierType: kind,
    ...readPolicy(policy),
  }
}
