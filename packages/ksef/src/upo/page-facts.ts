/** What a page of a session's UPO says of itself (`OpisPotwierdzenia`). Documents are counted from 1. */
export type PageFacts = {
  readonly page: number
  readonly pages: number
  readonly from: number
  readonly to: number
  readonly total: number
}

/** Reads the five numbers of an `OpisPotwierdzenia`, in the order of the schema. */
export function readPageFacts(description: string): PageFacts {
  const [page = 0, pages = 0, from = 0, to = 0, total = 0] = [...description.matchAll(/>\s*(\d+)\s*</g)].map(
    (match) => Number(match[1]),
  )
  return { page, pages, from, to, total }
}

/** The schema calls the upper bound exclusive, the official sample of a session with two documents says 1 to 2. */
export function pageIsWhole(facts: PageFacts | undefined, documents: number): boolean {
  if (facts === undefined) return documents === 1
  const { page, pages, from, to, total } = facts
  const announced = to - from
  const counted = documents === announced || documents === announced + 1
  return counted && page >= 1 && page <= pages && documents <= total
}
