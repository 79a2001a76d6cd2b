import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Those that take longest, the longest first: begun last, one of them would be waited for by idle cores. */
const LONGEST = [
  'delivery/rate-budget',
  'journeys/test/containers',
  'tenancy/isolation',
  'guides/guides',
  'journeys/test/chaos',
  'tenancy/redis-and-clocks',
  'batches/large-batches',
  'deaths/fenced-off',
  'tenancy/rotation',
]

/** Journeys take minutes and parts take moments. */
export class JourneysFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted
      .map((file) => ({ file, rank: rankOf(file) }))
      .toSorted((a, b) => a.rank - b.rank)
      .map(({ file }) => file)
  }
}

function rankOf({ project, moduleId }: TestSpecification): number {
  if (project.name !== 'journeys') return LONGEST.length + 1
  const known = LONGEST.findIndex((name) => moduleId.endsWith(`${name}.test.ts`))
  return known === -1 ? LONGEST.length : known
}
