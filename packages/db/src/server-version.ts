/**
 * The oldest server the isolation is trusted on, per major version: older ones let a planner's statistics tell rows that
 * row-level security hides (CVE-2025-8713).
 */
const PATCHED: Readonly<Record<number, number>> = { 15: 14, 16: 10, 17: 6 }
const OLDEST = 15

/**
 * @param versionNumber `server_version_num`, e.g. 170010 for 17.10.
 * @returns why the server is refused, or null when it is not.
 */
export function refusalOfServer(versionNumber: number): string | null {
  const major = Math.floor(versionNumber / 10_000)
  const minor = versionNumber % 10_000
  if (major < OLDEST) return `PostgreSQL ${major} is too old: version ${OLDEST} or later is needed`
  const patched = PATCHED[major]
  if (patched === undefined || minor >= patched) return null
  return `PostgreSQL ${major}.${minor} leaks rows through CVE-2025-8713: ${major}.${patched} or later is needed`
}
