import type { ErrorCode } from '../errors.ts'
import type { OutcomeRow } from './outcome-row.ts'

const GOES_BY_ITSELF = {
  pl: 'faktury wyjdą potem same',
  en: 'the invoices then go out by themselves',
} as const

/** Reasons for which whatever a company has waiting is held with its integration, and goes once they are gone. */
export const HOLD_OUTCOMES = {
  KSEF_PERMISSION_MISSING: {
    actor: 'company',
    retry: 'automatic-after',
    meaning: {
      pl: 'KSeF odmówił: w kontekście firmy brakuje uprawnienia.',
      en: 'KSeF refused for lack of permission in this context.',
    },
    whatToDo: {
      pl: `Nadaj brakujące uprawnienie w KSeF; ${GOES_BY_ITSELF.pl}.`,
      en: `Have the permission granted in KSeF; ${GOES_BY_ITSELF.en}.`,
    },
  },
  CREDENTIAL_REFUSED: {
    actor: 'company',
    retry: 'automatic-after',
    meaning: {
      pl: 'KSeF odrzucił uwierzytelnienie tym certyfikatem lub tokenem.',
      en: 'KSeF refused the sign-in with this credential.',
    },
    whatToDo: {
      pl: `Dostarcz inny certyfikat lub token i zleć sprawdzenie integracji; ${GOES_BY_ITSELF.pl}.`,
      en: `Supply another credential and have the integration verified; ${GOES_BY_ITSELF.en}.`,
    },
  },
  CREDENTIAL_EXPIRED: {
    actor: 'company',
    retry: 'automatic-after',
    meaning: { pl: 'Certyfikat stracił ważność.', en: 'The certificate is not valid any more.' },
    whatToDo: {
      pl: `Dostarcz ważny certyfikat; ${GOES_BY_ITSELF.pl}.`,
      en: `Supply a certificate that is valid now; ${GOES_BY_ITSELF.en}.`,
    },
  },
  CREDENTIAL_NOT_YET_VALID: {
    actor: 'company',
    retry: 'automatic-after',
    meaning: { pl: 'Certyfikat nie jest jeszcze ważny.', en: 'The certificate is not valid yet.' },
    whatToDo: {
      pl: `Poczekaj do dnia, od którego jest ważny, albo dostarcz inny; ${GOES_BY_ITSELF.pl}.`,
      en: `Wait for the day it becomes valid, or supply another one; ${GOES_BY_ITSELF.en}.`,
    },
  },
  CREDENTIAL_OFFLINE_TYPE: {
    actor: 'company',
    retry: 'automatic-after',
    meaning: {
      pl: 'Certyfikat jest typu Offline i nie służy do uwierzytelnienia.',
      en: 'The certificate is of type Offline and cannot sign in.',
    },
    whatToDo: {
      pl: `Dostarcz certyfikat typu Authentication; ${GOES_BY_ITSELF.pl}.`,
      en: `Supply a certificate of type Authentication; ${GOES_BY_ITSELF.en}.`,
    },
  },
  CREDENTIAL_UNREADABLE: {
    actor: 'provider',
    retry: 'automatic-after',
    meaning: {
      pl: 'Certyfikatu, klucza lub tokenu nie da się użyć w tej postaci.',
      en: 'The certificate, key or token cannot be used as given.',
    },
    whatToDo: {
      pl: `Dostarcz je na nowo, w czytelnej postaci; ${GOES_BY_ITSELF.pl}.`,
      en: `Supply it anew in a form that can be read; ${GOES_BY_ITSELF.en}.`,
    },
  },
  CREDENTIAL_WRONG_CONTEXT: {
    actor: 'company',
    retry: 'automatic-after',
    meaning: {
      pl: 'Token lub certyfikat należy do innego kontekstu niż firma.',
      en: 'The credential belongs to another context than the company.',
    },
    whatToDo: {
      pl: `Dostarcz token wydany w kontekście firmy albo certyfikat; ${GOES_BY_ITSELF.pl}.`,
      en: `Supply a token issued in the company's context, or a certificate; ${GOES_BY_ITSELF.en}.`,
    },
  },
  CREDENTIAL_MISSING: {
    actor: 'company',
    retry: 'automatic-after',
    meaning: {
      pl: 'Nie ma czym się uwierzytelnić: ani firma, ani dostawca nie mają certyfikatu lub tokenu.',
      en: 'There is no credential to sign in with, neither of the company nor of the provider.',
    },
    whatToDo: {
      pl: `Dostarcz certyfikat lub token firmy albo dostawcy; ${GOES_BY_ITSELF.pl}.`,
      en: `Supply one of the company or of the provider; ${GOES_BY_ITSELF.en}.`,
    },
  },
  SECRET_BROKEN: {
    actor: 'fleet',
    retry: 'automatic-after',
    meaning: {
      pl: 'Sekret w magazynie sekretów jest uszkodzony, niedostępny lub cudzy.',
      en: "The credential's secret is missing, denied, malformed or another owner's.",
    },
    whatToDo: {
      pl: `Przywróć sekret lub wymień certyfikat czy token, i zleć sprawdzenie integracji; ${GOES_BY_ITSELF.pl}.`,
      en: `Restore the secret or rotate the credential, and have the integration verified; ${GOES_BY_ITSELF.en}.`,
    },
  },
  NIP_UNPROVED: {
    actor: 'company',
    retry: 'automatic-after',
    meaning: {
      pl: 'Nic nie dowodzi, że firma może działać w imieniu tego NIP.',
      en: 'Nothing proves that the company may act for this NIP.',
    },
    whatToDo: {
      pl: `Wpisz kod integracji w opis uprawnienia nadanego dostawcy w KSeF albo dostarcz własny certyfikat; ${GOES_BY_ITSELF.pl}.`,
      en: `Write the grant code into the permission granted to the provider in KSeF, or supply an own credential; ${GOES_BY_ITSELF.en}.`,
    },
  },
  INTEGRATION_REVOKED: {
    actor: 'provider',
    retry: 'automatic-after',
    meaning: {
      pl: 'Integracja firmy z KSeF została zakończona.',
      en: "The company's integration with KSeF is revoked.",
    },
    whatToDo: {
      pl: `Utwórz nową integrację; ${GOES_BY_ITSELF.pl}.`,
      en: `Create a new integration; ${GOES_BY_ITSELF.en}.`,
    },
  },
} as const satisfies Partial<Record<ErrorCode, OutcomeRow>>
