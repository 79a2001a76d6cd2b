import { failed, type Result, succeeded } from '../failure.ts'
import type { KsefOperation } from '../operations.ts'

/** One page of a list. `next` is a page number or a continuation token; absent on the last page. */
export type Page<Item, Mark> = { readonly items: readonly Item[]; readonly next?: Mark | undefined }

/** No list of one subject in one context comes near 100 pages; one that does is a fault, ours or KSeF's. */
const PAGES_MAX = 100

/**
 * Walks a list to its end, one request a page. The whole list or a failure, never a part of it: a caller
 * that revokes what it reads must not overlook the rest. `KSEF_LIST_TOO_LONG` after {@link PAGES_MAX} pages.
 */
export async function everyPage<Item, Mark>(
  operation: KsefOperation,
  read: (mark: Mark | undefined) => Promise<Result<Page<Item, Mark>>>,
): Promise<Result<readonly Item[]>> {
  const items: Item[] = []
  let mark: Mark | undefined
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page = await read(mark)
    if (!page.ok) return page
    items.push(...page.value.items)
    mark = page.value.next
    if (mark === undefined) return succeeded(items)
  }
  return failed({ operation, kind: 'unreadable', effect: 'none', code: 'KSEF_LIST_TOO_LONG' })
}
