import { type Finding, isTest, sources, type Tree } from './tree.ts'

const LINES_MAX = 400
const LINES_MEDIAN_MAX = 100
const LINES_P90_MAX = 250

/** Small by idea, and counted. The cap on functions is biome's. */
export function sizes(tree: Tree): Finding[] {
  const counted = sources(tree).map(([path, text]) => ({ path, lines: text.split('\n').length - 1 }))
  const tooLong = counted
    .filter(({ lines }) => lines > LINES_MAX)
    .map(({ path, lines }) => ({
      place: path,
      says: `has ${lines} lines`,
      instead: `split it by idea; the cap is ${LINES_MAX}`,
    }))
  const product = counted.filter(({ path }) => !isTest(path)).map(({ lines }) => lines)
  return [
    ...tooLong,
    ...quantile(product, { of: 0.5, max: LINES_MEDIAN_MAX }),
    ...quantile(product, { of: 0.9, max: LINES_P90_MAX }),
  ]
}

function quantile(lines: number[], { of, max }: { of: number; max: number }): Finding[] {
  const sorted = lines.toSorted((a, b) => a - b)
  const value = sorted[Math.floor(sorted.length * of)] ?? 0
  if (value <= max) return []
  const percent = of * 100
  return [
    {
      place: '.',
      says: `${percent} % of the source files reach ${value} lines`,
      instead: `keep that at ${max}: split by idea`,
    },
  ]
}
