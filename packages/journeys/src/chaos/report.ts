/** What a run comes to: one line of figures beside what is promised, and whether each promise was kept. */
import type { Report } from '../bench/report.ts'
import { percentile } from './checks/resumption.ts'
import type { ModelRun } from './model/run-model.ts'
import type { Soak } from './process/soak.ts'

export type ChaosReport = Omit<Report, 'floors'> & { seed: string; broken: string[] }

/** How much must have befallen the fleet for a run to prove anything, and how fast it must have gone on. */
export type Targets = {
  kills: number
  killPoints: number
  invoices: number
  /** Held by a worker that died, while no server was away: of these the speed is told. */
  invoicesStruck: number
  drainSecondsMax: number
  /** Left out where the machine may do much else. */
  killToResumedSendP99MsMax?: number
}

const CONTROLS = 6

export function reportOn(run: { seed: string; model: ModelRun; soak: Soak }, targets: Targets): ChaosReport {
  const { model, soak } = run
  const { verdict, evidence, secrets, storm } = soak
  const points = Object.values(Object.groupBy(evidence.deaths, ({ moment }) => moment))
  const figures: Record<string, number> = {
    kills: evidence.deaths.length,
    killPoints: points.length,
    invoices: evidence.load.acknowledged.length,
    postingSeconds: Math.round(soak.postingMs / 1000),
    lost: verdict.lost.length + model.tally.lost,
    duplicates: verdict.duplicates.length + model.tally.doubles,
    falseFailures: verdict.falseFailures.length + model.tally.falseFailures + model.tally.wrongAdoptions,
    needlessResends: verdict.needlessResends.length + model.tally.needlessResends,
    crossings: verdict.crossings.length,
    unannouncedPosts: verdict.unannounced.length,
    untold: verdict.untold.length,
    messagesHeard: evidence.telling.messages.length,
    illegalRows: verdict.illegal.length + model.tally.staleWrites,
    leaks: secrets.leaks.length,
    secretSearches: secrets.searches,
    ownRateLimits: verdict.ownRateLimits,
    countedRequests: evidence.calls.filter(({ context }) => context !== undefined).length,
    refusedPosts: evidence.load.refused.length,
    drainMs: soak.drainMs ?? Number.POSITIVE_INFINITY,
    killToResumedSendP50Ms: percentile(soak.resumed.company, 0.5),
    killToResumedSendP99Ms: percentile(soak.resumed.company, 0.99),
    killToStruckInvoiceP50Ms: percentile(soak.resumed.invoice, 0.5),
    killToStruckInvoiceP99Ms: percentile(soak.resumed.invoice, 0.99),
    invoicesStruck: soak.resumed.invoice.length,
    invoicesStruckAgain: soak.resumed.struckAgain,
    lineFaults: soak.lineFaults,
    redisFlushes: storm.blows['redis-flush'],
    redisCrashes: storm.blows['redis-crash'],
    postgresCrashes: storm.blows['postgres-crash'],
    freezes: storm.blows.freeze,
    fencedWrites: soak.fencedWrites,
    deploys: storm.blows.deploy,
    keyRotations: storm.blows['keys-planned'] + storm.blows['keys-emergency'],
    credentialsReplaced: soak.replaced,
    controlsCaught: soak.controls.filter(({ caught }) => caught).length,
    modelSchedules: model.schedules,
    modelSchedulesPerSecond: Math.round(model.schedules / model.seconds),
  }
  const broken = brokenBy(run, figures, targets)
  const zero = {
    lost: 0,
    duplicates: 0,
    falseFailures: 0,
    needlessResends: 0,
    crossings: 0,
    untold: 0,
    leaks: 0,
    ownRateLimits: 0,
  }
  return {
    bench: 'chaos',
    seed: run.seed,
    ok: broken.length === 0,
    broken,
    figures,
    targets: { ...zero, ...targets, controlsCaught: CONTROLS },
  }
}

/** In words, with the first few places each. */
function brokenBy(
  { model, soak }: { model: ModelRun; soak: Soak },
  figures: ChaosReport['figures'],
  targets: Targets,
): string[] {
  const { verdict, secrets, storm, evidence } = soak
  const { ownRateLimits, ...findings } = verdict
  const found = Object.entries({ ...findings, leaks: secrets.leaks }).flatMap(([name, list]) =>
    list.length === 0
      ? []
      : [
          `${name}: ${list
            .slice(0, 5)
            .map(({ what, where }) => `${where} ${what}`)
            .join('; ')}`,
        ],
  )
  const atLeast = (name: string, min: number) =>
    (figures[name] ?? 0) >= min ? null : `${name}: ${figures[name]}, at least ${min} expected`
  const atMost = (name: string, max = Number.POSITIVE_INFINITY) =>
    (figures[name] ?? 0) <= max ? null : `${name}: ${figures[name]}, at most ${max} expected`
  const doubts = [
    model.clean ? null : `the model: ${JSON.stringify(model.tally)}`,
    model.repeatable ? null : 'the model took another way for the same seed',
    ownRateLimits === 0 ? null : `429 of our own making: ${ownRateLimits}`,
    soak.drainMs !== null && soak.drainMs <= targets.drainSecondsMax * 1000
      ? null
      : 'not everything ended in time',
    secrets.blind.length === 0 ? null : `the search for secrets is blind in ${secrets.blind.join(', ')}`,
    storm.failed.length === 0 ? null : `blows that missed: ${storm.failed.join('; ')}`,
    soak.unexpected.length === 0
      ? null
      : `workers that ended by themselves: ${soak.unexpected.slice(0, 3).join('; ')}`,
    evidence.load.refused.length === 0
      ? null
      : `posts refused: ${evidence.load.refused.slice(0, 3).join('; ')}`,
    ...soak.controls.map(({ name, caught }) => (caught ? null : `the control was not caught: ${name}`)),
    atLeast('kills', targets.kills),
    atLeast('killPoints', targets.killPoints),
    atLeast('invoices', targets.invoices),
    atLeast('invoicesStruck', targets.invoicesStruck),
    atLeast('credentialsReplaced', storm.newSecrets.length),
    atMost('killToResumedSendP99Ms', targets.killToResumedSendP99MsMax),
  ]
  return [...found, ...doubts.filter((doubt) => doubt !== null)]
}
