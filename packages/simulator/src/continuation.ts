import { KsefRefusal } from './refusal.ts'

/** A page of a list, with the token that the header `x-continuation-token` carries to the next one. */
export type Page<Row> = { rows: Row[]; continuationToken: string | null }

/**
 * Cuts one page. The token is opaque to callers: an offset behind a marker, so that a foreign string is noticed.
 *
 * @throws KsefRefusal 21418 when the token is not one of ours
 */
export function pageOf<Row>(rows: readonly Row[], pageSize: number, token: string | undefined): Page<Row> {
  let offset = 0
  if (token !== undefined && token !== '') {
    const decoded = /^offset:(\d{1,9})$/.exec(Buffer.from(token, 'base64url').toString('latin1'))?.[1]
    if (decoded === undefined) throw new KsefRefusal(21418)
    offset = Number(decoded)
  }
  const end = offset + pageSize
  const continuationToken = end < rows.length ? Buffer.from(`offset:${end}`).toString('base64url') : null
  return { rows: rows.slice(offset, end), continuationToken }
}
