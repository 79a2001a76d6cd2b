import type { ErrorCode } from '../errors.ts'
import type { OutcomeRow } from './outcome-row.ts'

const NOTHING = {
  pl: 'Nic: system zajmie się tym sam.',
  en: 'Nothing: the fleet goes on by itself.',
} as const

/** Reasons that arise on the way of one invoice. */
export const DELIVERY_OUTCOMES = {
  // While it waits
  KSEF_RATE_LIMITED: {
    actor: 'nobody',
    retry: 'automatic',
    meaning: {
      pl: 'KSeF poprosił o przerwę: limit wywołań tej firmy jest wyczerpany.',
      en: "KSeF asked for silence: the company's limit of calls is spent.",
    },
    whatToDo: NOTHING,
  },
  KSEF_UNREACHABLE: {
    actor: 'nobody',
    retry: 'automatic',
    meaning: {
      pl: 'Nie udało się połączyć z KSeF; faktura nie opuściła systemu.',
      en: 'KSeF could not be reached; the invoice did not leave.',
    },
    whatToDo: NOTHING,
  },
  DELIVERY_TRIES_AGAIN: {
    actor: 'nobody',
    retry: 'automatic',
    meaning: {
      pl: 'KSeF nie przyjął faktury z przyczyn, które nie leżą w niej; zostanie wysłana ponownie.',
      en: 'KSeF did not take the invoice, for reasons that are not in it; it is sent again.',
    },
    whatToDo: NOTHING,
  },
  KSEF_PROCESSING: {
    actor: 'nobody',
    retry: 'automatic',
    meaning: {
      pl: 'KSeF ma fakturę i jeszcze jej nie rozstrzygnął.',
      en: 'KSeF has the invoice and has not decided on it yet.',
    },
    whatToDo: NOTHING,
  },
  KSEF_VERDICT_LATE: {
    actor: 'nobody',
    retry: 'automatic',
    meaning: {
      pl: 'KSeF ma fakturę i od kilku minut nie daje rozstrzygnięcia.',
      en: 'KSeF has the invoice and has given no verdict for minutes.',
    },
    whatToDo: {
      pl: 'Nic: system pyta dalej. Nie wysyłaj faktury drugi raz.',
      en: 'Nothing: the fleet keeps asking. Do not send the invoice a second time.',
    },
  },
  // The end, until somebody acts
  KSEF_REJECTED: {
    actor: 'company',
    retry: 'no',
    meaning: { pl: 'KSeF sprawdził fakturę i ją odrzucił.', en: 'KSeF examined the invoice and refused it.' },
    whatToDo: {
      pl: 'Popraw fakturę tak, jak wskazuje opis KSeF, i wyślij ją na nowo; jej numer jest wolny.',
      en: "Correct the invoice as KSeF's words say and post it anew; its number is free.",
    },
  },
  KSEF_DUPLICATE: {
    actor: 'company',
    retry: 'no',
    meaning: {
      pl: 'KSeF ma już inny dokument tego sprzedawcy, tego rodzaju i o tym numerze.',
      en: 'KSeF already holds another document with this seller, kind and number.',
    },
    whatToDo: {
      pl: 'Wystaw fakturę pod innym numerem; `originalKsefNumber` wskazuje dokument, który zajął ten.',
      en: 'Issue the invoice under another number; `originalKsefNumber` names the document that took this one.',
    },
  },
  KSEF_DUPLICATE_UNVERIFIED: {
    actor: 'company',
    retry: 'helps-after',
    meaning: {
      pl: 'KSeF uznał fakturę za duplikat, a nie dało się sprawdzić, czy oryginałem jest ona sama.',
      en: 'KSeF calls the invoice a duplicate, and whether the original is this very one could not be checked.',
    },
    whatToDo: {
      pl: 'Nadaj uprawnienie InvoiceRead i zwolnij fakturę, a system sprawdzi to sam; albo porównaj ją z `originalKsefNumber`.',
      en: 'Grant InvoiceRead and release the invoice, and the fleet checks it; or compare it with `originalKsefNumber`.',
    },
  },
  KSEF_UNSETTLED: {
    actor: 'ksef',
    retry: 'helps-after',
    meaning: {
      pl: 'KSeF przez siedem dni nie dał rozstrzygnięcia.',
      en: 'KSeF gave no verdict within seven days.',
    },
    whatToDo: {
      pl: 'Zapytaj Ministerstwo, podając numery referencyjne sesji i faktury; zwolnij ją dopiero po odpowiedzi.',
      en: 'Ask the Ministry with the reference numbers of session and invoice; release it only after the answer.',
    },
  },
  KSEF_UNKNOWN_ANSWER: {
    actor: 'fleet',
    retry: 'helps-after',
    meaning: {
      pl: 'KSeF odpowiedział kodem, którego ta wersja systemu nie zna.',
      en: 'KSeF answered with a code this version does not know.',
    },
    whatToDo: {
      pl: 'Przeczytaj opis KSeF i odszukaj fakturę w KSeF, zanim ją zwolnisz.',
      en: "Read KSeF's words and look the invoice up in KSeF before releasing it.",
    },
  },
  DELIVERY_KEEPS_FAILING: {
    actor: 'fleet',
    retry: 'helps-after',
    meaning: {
      pl: 'Mimo kilku prób KSeF nie przetworzył faktury, z przyczyn, które nie leżą w niej.',
      en: 'KSeF could not process the invoice after several tries, for reasons that are not in it.',
    },
    whatToDo: {
      pl: 'Zwolnij fakturę, gdy KSeF znów działa.',
      en: 'Release the invoice when KSeF works again.',
    },
  },
  DOCUMENT_CORRUPT: {
    actor: 'fleet',
    retry: 'helps-after',
    meaning: {
      pl: 'Przechowywana faktura ma inny skrót niż przy przyjęciu; nie została wysłana.',
      en: 'The stored invoice no longer has the hash it was accepted with; it was not sent.',
    },
    whatToDo: {
      pl: 'Przywróć dokument z kopii zapasowej i zwolnij fakturę.',
      en: 'Restore the document from a backup and release the invoice.',
    },
  },
  HELD_BY_REQUEST: {
    actor: 'provider',
    retry: 'helps-after',
    meaning: {
      pl: 'Faktura została wstrzymana na życzenie.',
      en: 'The invoice is held because somebody asked.',
    },
    whatToDo: { pl: 'Zwolnij fakturę, gdy ma wyjść.', en: 'Release the invoice when it shall go.' },
  },
} as const satisfies Partial<Record<ErrorCode, OutcomeRow>>

/** A rejection whose cause lies outside the document, or inside it, by the status KSeF gave the invoice. */
export const REJECTION_OUTCOMES = {
  415: {
    actor: 'company',
    retry: 'helps-after',
    meaning: {
      pl: 'Firma nie może wysyłać faktur z załącznikami.',
      en: 'The company may not send invoices with attachments.',
    },
    whatToDo: {
      pl: 'Zgłoś w e-Urzędzie Skarbowym zamiar wysyłania faktur z załącznikami, a potem ponów wysyłkę.',
      en: 'Announce invoices with attachments in the e-Urząd Skarbowy, then retry.',
    },
  },
  430: {
    ...DELIVERY_OUTCOMES.KSEF_REJECTED,
    meaning: {
      pl: 'Plik faktury nie przeszedł weryfikacji w KSeF.',
      en: "The invoice's file failed KSeF's verification.",
    },
  },
  450: {
    ...DELIVERY_OUTCOMES.KSEF_REJECTED,
    meaning: {
      pl: 'Treść faktury narusza reguły jej wzoru.',
      en: 'The content of the invoice breaks the rules of its form.',
    },
  },
} as const satisfies Readonly<Record<number, OutcomeRow>>
