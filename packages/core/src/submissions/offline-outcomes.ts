import type { ErrorCode } from '../errors.ts'
import type { OutcomeRow } from './outcome-row.ts'
import type { StateOutcome } from './state-outcomes.ts'

/** Reasons that come of issuing offline, and of the order in which invoices go. */
export const OFFLINE_OUTCOMES = {
  ORIGINAL_AWAITED: {
    actor: 'nobody',
    retry: 'automatic',
    meaning: {
      pl: 'Korekta czeka, aż wszystkie faktury pierwotne dostaną numery KSeF.',
      en: 'The correction waits until all its originals have KSeF numbers.',
    },
    whatToDo: {
      pl: 'Nic: wyjdzie potem sama. Jeśli ma nie czekać, wstrzymaj ją i zwolnij.',
      en: 'Nothing: it then goes by itself. To send it without waiting, hold it and release it.',
    },
  },
  ORIGINAL_REJECTED: {
    actor: 'company',
    retry: 'helps-after',
    meaning: {
      pl: 'KSeF odrzucił fakturę, którą ta koryguje.',
      en: 'KSeF rejected an invoice that this one corrects.',
    },
    whatToDo: {
      pl: 'Wyślij korektę techniczną odrzuconej faktury albo ponów jej wysyłkę, a ta korekta wyjdzie sama; albo zwolnij ją, jeśli ma wyjść mimo to.',
      en: 'Correct that one technically or retry it, and this correction goes by itself; or release it to go all the same.',
    },
  },
  TOTAL_FAILURE: {
    actor: 'ksef',
    retry: 'no',
    meaning: {
      pl: 'Faktura została wystawiona podczas awarii całkowitej KSeF i nie jest do niego wysyłana.',
      en: 'The invoice was issued in a total failure of KSeF and is not sent to it.',
    },
    whatToDo: {
      pl: 'Nic; zwolnij ją tylko wtedy, gdy ma mimo to trafić do KSeF.',
      en: 'Nothing; release it only if it shall go to KSeF all the same.',
    },
  },
  TECHNICAL_CORRECTION_DONE: {
    actor: 'company',
    retry: 'no',
    meaning: {
      pl: 'KSeF ma już przetworzoną korektę techniczną tej faktury.',
      en: 'KSeF has a processed technical correction of that invoice already.',
    },
    whatToDo: {
      pl: 'Odszukaj ją w KSeF; ta korekta nie jest potrzebna.',
      en: 'Look for it in KSeF; this one is not needed.',
    },
  },
  TECHNICAL_CORRECTION_NOT_DUE: {
    actor: 'company',
    retry: 'no',
    meaning: {
      pl: 'KSeF przetworzył korygowaną fakturę prawidłowo i nie przyjmuje jej korekty technicznej.',
      en: 'KSeF processed the corrected invoice correctly and takes no technical correction of it.',
    },
    whatToDo: {
      pl: 'Odszukaj fakturę w KSeF; błąd w treści popraw fakturą korygującą.',
      en: 'Look the invoice up in KSeF; correct what is wrong with its content by a KOR.',
    },
  },
} as const satisfies Partial<Record<ErrorCode, OutcomeRow>>

const MARKED = {
  actor: 'company',
  retry: 'no',
  registered: true,
  whatToDo: {
    pl: 'Nie wysyłaj jej ponownie. Jeśli nabywca dostał ją poza KSeF, zanim miała numer, jej wydruk musi mieć oba kody QR faktury offline, KOD I i KOD II; jeśli ich nie miał, przekaż go na nowo.',
    en: 'Do not send it again. If the buyer got it outside KSeF before it had its number, its paper must bear both QR codes of an offline invoice, KOD I and KOD II; if it did not, hand it over anew.',
  },
} as const

/** What a registered invoice has come to where KSeF marked it offline, in the place of the outcome of its state. */
export const MARKED_OUTCOMES = {
  registered: {
    ...MARKED,
    code: 'REGISTERED_AS_OFFLINE',
    meaning: {
      pl: 'Faktura ma numer KSeF i jest wystawiona, ale jako faktura offline: dotarła do KSeF po dniu z pola P_1. UPO jest w drodze.',
      en: 'The invoice has its KSeF number and is issued, but as an offline one: it reached KSeF after the day of its P_1. Its UPO is on its way.',
    },
  },
  receipted: {
    ...MARKED,
    code: 'RECEIPTED_AS_OFFLINE',
    meaning: {
      pl: 'Faktura ma numer KSeF, a UPO jest zapisane, ale jest to faktura offline: dotarła do KSeF po dniu z pola P_1.',
      en: 'The invoice has its KSeF number, and its UPO is stored, but it is an offline one: it reached KSeF after the day of its P_1.',
    },
  },
} as const satisfies Record<'registered' | 'receipted', StateOutcome>
