import type { Clock } from '../clock.ts'
import type { ProcessingDelays } from '../processing-delays.ts'
import { KsefRefusal } from '../refusal.ts'
import type { Authorizations } from '../stores/authorizations.ts'
import type { ImposedStatus } from '../stores/sessions.ts'
import type { World } from '../world.ts'
import type { Fault, Faults } from './faults.ts'
import { type Issue, type Issued, issueInvoices } from './issuing.ts'
import type { Ledger } from './ledger.ts'
import type { Lighthouse } from './lighthouse.ts'
import type { Misbehaviours } from './misbehaviours.ts'
import type { Outcomes } from './outcomes.ts'
import { type Revocation, revoke } from './revocation.ts'

/**
 * Everything that can be done to a simulator beside calling KSeF's API: held by who started it, and spoken over HTTP
 * under `/_simulator` with the same names.
 */
export type Control = {
  clock: Clock
  /** Faults of the wire. */
  faults: Faults
  /** What KSeF says wrongly over a wire that works. */
  misbehaviours: Misbehaviours
  /** How the next sign-ins, grants, enrolments and tokens end; the text of every answer's warning. */
  outcomes: Outcomes
  /** Who may issue invoices in whose name. */
  authorizations: Authorizations
  lighthouse: Lighthouse
  ledger: Ledger
  /** Puts invoices that were issued elsewhere into the register. */
  issue(issue: Issue): Issued[]
  /** Changes how long things take from now on; kinds that are not named stay as they are. */
  setDelays(delays: ProcessingDelays): void
  /** Rows of session invoice lists appear this much later, as from a replica that lags. */
  setListLag(ms: number): void
  /** `planned` leaves the old keys in use beside the new; `emergency` retires them at once. */
  rotateKeys(mode: 'planned' | 'emergency'): Promise<void>
  revoke(revocation: Revocation): void
  /** What this session shows from now on; undefined lets it be itself again. */
  imposeSessionStatus(referenceNumber: string, status: ImposedStatus | undefined): void
  /** Disarms faults, misbehaviours and outcomes. */
  calm(): void
}

/** @throws KsefRefusal 21405 for an operation that does not exist: its fault would never strike. */
export function refuseUnknown(world: World, fault: Fault): void {
  if (fault.operation === '*' || world.operations.has(fault.operation)) return
  throw new KsefRefusal(21405, `There is no operation ${fault.operation}; spell it as in the OpenAPI.`)
}

export function createControl(world: World): Control {
  const { clock, faults, misbehaviours, outcomes, authorizations, ledger, lighthouse, settings } = world
  return {
    clock,
    misbehaviours,
    outcomes,
    authorizations,
    lighthouse,
    ledger,
    issue: (issue) => issueInvoices(world, issue),
    faults: {
      ...faults,
      add: (fault) => {
        refuseUnknown(world, fault)
        faults.add(fault)
      },
    },
    setDelays: (delays) => void Object.assign(settings.delaysMs, delays),
    setListLag: (ms) => {
      settings.listLagMs = ms
    },
    rotateKeys: (mode) => world.keys.rotate(mode),
    revoke: (revocation) => revoke(world, revocation),
    imposeSessionStatus: (referenceNumber, status) => {
      const session = world.sessions.findByLink(referenceNumber)
      if (session === undefined) throw new KsefRefusal(21405, `There is no session ${referenceNumber}.`)
      if (status === undefined) delete session.imposed
      else session.imposed = status
    },
    calm: () => {
      faults.clear()
      misbehaviours.clear()
      outcomes.clear()
    },
  }
}
