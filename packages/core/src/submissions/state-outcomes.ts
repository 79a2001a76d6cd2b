import type { OutcomeRow } from './outcome-row.ts'
import type { SubmissionState } from './submission.ts'

export type StateOutcome = OutcomeRow & { readonly code: string; readonly registered: boolean }

const NOTHING = {
  actor: 'nobody',
  retry: 'automatic',
  whatToDo: { pl: 'Nic: faktura jest w drodze.', en: 'Nothing: the invoice is on its way.' },
  registered: false,
} as const

/** What is so while nothing stands in the way: the states in which a submission has no reason. */
export const STATE_OUTCOMES = {
  pending: {
    ...NOTHING,
    code: 'QUEUED',
    meaning: {
      pl: 'Faktura jest przyjęta i czeka na wysłanie do KSeF.',
      en: 'The invoice is accepted and waits to be sent to KSeF.',
    },
  },
  claimed: {
    ...NOTHING,
    code: 'BEING_SENT',
    meaning: {
      pl: 'Faktura jest właśnie wysyłana do KSeF.',
      en: 'The invoice is being sent to KSeF right now.',
    },
  },
  packed: {
    ...NOTHING,
    code: 'IN_A_PACKAGE',
    meaning: {
      pl: 'Faktura jest w paczce, która jest w drodze do KSeF albo jest w nim przetwarzana.',
      en: 'The invoice is in a package that is on its way to KSeF or being processed there.',
    },
  },
  sent: {
    ...NOTHING,
    code: 'VERDICT_AWAITED',
    meaning: {
      pl: 'KSeF przyjął plik; rozstrzygnięcie jest w drodze.',
      en: 'KSeF took the file; its verdict is awaited.',
    },
  },
  lost: {
    ...NOTHING,
    code: 'ANSWER_LOST',
    meaning: {
      pl: 'Odpowiedź KSeF zaginęła; system szuka faktury w KSeF, zanim zrobi cokolwiek innego.',
      en: "KSeF's answer was lost; the fleet looks for the invoice in KSeF before anything else happens.",
    },
    whatToDo: {
      pl: 'Nic: nie wysyłaj faktury drugi raz.',
      en: 'Nothing: do not send the invoice a second time.',
    },
  },
  registered: {
    ...NOTHING,
    code: 'REGISTERED',
    registered: true,
    meaning: {
      pl: 'Faktura ma numer KSeF i jest wystawiona; UPO jest w drodze.',
      en: 'The invoice has its KSeF number and is issued; its UPO is on its way.',
    },
  },
  receipted: {
    ...NOTHING,
    code: 'RECEIPTED',
    retry: 'no',
    registered: true,
    meaning: {
      pl: 'Faktura ma numer KSeF, a UPO jest zapisane.',
      en: 'The invoice has its KSeF number, and its UPO is stored.',
    },
    whatToDo: { pl: 'Nic: wszystko gotowe.', en: 'Nothing: all is done.' },
  },
} as const satisfies Record<Exclude<SubmissionState, 'rejected' | 'held'>, StateOutcome>
