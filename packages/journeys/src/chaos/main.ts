/**
 * `npm run chaos -- --minutes N --seed S`: the soak. A model of every schedule of faults, then a fleet of processes under
 * deaths, a bad line and crashing servers, then the checkers and what must not pass them. Progress goes to stderr; the last
 * line on stdout is one JSON object, and the exit code is 0 only when every promise was kept.
 *
 * `--keep` leaves logs, deaths and evidence in `.fleet/chaos`, as does a run that failed.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runModel } from './model/run-model.ts'
import { soak } from './process/soak.ts'
import { reportOn } from './report.ts'
import { volumeOf } from './volume.ts'

const FOLDER = fileURLToPath(new URL('../../../../.fleet/chaos', import.meta.url))

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '8' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
  },
})

const started = Date.now()
const log = (line: string): void =>
  void process.stderr.write(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}\n`)

async function main(): Promise<number> {
  const minutes = Number(values.minutes)
  const { seed } = values
  if (!(minutes > 0)) {
    console.error('usage: --minutes NUMBER --seed TEXT [--keep]')
    return 2
  }
  const volume = volumeOf(minutes)
  rmSync(FOLDER, { recursive: true, force: true })
  const model = runModel({ ...volume.model, seed })
  log(`model: ${model.schedules} schedules, ${Math.round(model.schedules / model.seconds)} a second`)
  const done = await soak({ ...volume.soak, directory: FOLDER, seed, log })
  for (const { name, caught } of done.controls) log(`control: ${name}: ${caught ? 'caught' : 'NOT CAUGHT'}`)
  const points = Object.entries(Object.groupBy(done.evidence.deaths, ({ moment }) => moment))
  for (const [moment, deaths] of points.sort())
    log(`deaths: ${String(deaths?.length).padStart(3)}  ${moment}`)
  const report = reportOn({ seed, model, soak: done }, volume.targets)
  for (const line of report.broken) log(`BROKEN ${line}`)
  writeFileSync(join(FOLDER, 'evidence.json'), JSON.stringify(done.evidence))
  if (report.ok && !values.keep) rmSync(FOLDER, { recursive: true, force: true })
  console.log(JSON.stringify(report))
  return report.ok ? 0 : 1
}

try {
  process.exit(await main())
} catch (error) {
  log(error instanceof Error ? (error.stack ?? error.message) : String(error))
  process.exit(1)
}
