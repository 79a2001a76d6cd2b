const MINISTRY = '.mf.gov.pl'

/**
 * Whether a link out of an answer may be fetched: it is data from outside, whoever sent it. KSeF's storage answers at the host
 * of its API, and the Ministry's other hosts are its own as well.
 */
export function allowedAddress(address: string, baseUrl: URL, fetchHosts: readonly string[]): URL | null {
  const url = URL.parse(address)
  if (url === null || url.username !== '' || url.password !== '') return null
  const own = url.host === baseUrl.host && url.protocol === baseUrl.protocol
  if (own) return url
  const ministrys = [url, baseUrl].every(({ hostname }) => hostname.endsWith(MINISTRY)) && url.port === ''
  return url.protocol === 'https:' && (ministrys || fetchHosts.includes(url.host)) ? url : null
}
