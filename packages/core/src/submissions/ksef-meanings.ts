import type { Words } from './outcome-row.ts'

/**
 * Whose status a number of KSeF's is, since one number means different things: 415 is an attachment for an invoice, a key for
 * a session, a missing permission for a sign-in. `request`: the exception code of a call it refused.
 */
export const KSEF_RESOURCES = ['invoice', 'session', 'sign-in', 'request'] as const
export type KsefResource = (typeof KSEF_RESOURCES)[number]

const SIZE_OR_HASH: Words = {
  pl: 'Zadeklarowany rozmiar lub skrót faktury różni się od rzeczywistego.',
  en: "The declared size or hash differs from the invoice's.",
}
const KSEF_FAILED: Words = {
  pl: 'W KSeF wystąpił błąd podczas przetwarzania.',
  en: 'KSeF failed while it processed it.',
}
const KSEF_CANCELLED: Words = {
  pl: 'KSeF przerwał przetwarzanie z własnych przyczyn.',
  en: 'KSeF cancelled the processing for reasons of its own.',
}

/** What KSeF's numbers say, in plain words. Statuses of sessions and sign-ins only where they refuse. */
export const KSEF_MEANINGS = {
  invoice: {
    100: { pl: 'Przyjęta do przetwarzania.', en: 'Accepted for processing.' },
    150: { pl: 'W trakcie przetwarzania.', en: 'Being processed.' },
    200: { pl: 'Zarejestrowana; ma numer KSeF.', en: 'Registered; it has a KSeF number.' },
    405: {
      pl: 'Przetwarzanie przerwano z powodu błędu sesji.',
      en: 'Processing was cancelled because of an error of the session.',
    },
    410: {
      pl: 'Podmiot nie ma prawa wystawić tej faktury.',
      en: 'The subject may not issue this invoice.',
    },
    415: {
      pl: 'Firma nie może wysyłać faktur z załącznikami.',
      en: 'The company may not send invoices with attachments.',
    },
    430: { pl: 'Plik faktury nie przeszedł weryfikacji.', en: "The invoice's file failed verification." },
    435: { pl: 'Pliku faktury nie dało się odszyfrować.', en: "The invoice's file could not be decrypted." },
    440: {
      pl: 'Duplikat: sprzedawca, rodzaj i numer są już zarejestrowane.',
      en: 'A duplicate: seller, kind and number are registered already.',
    },
    450: {
      pl: 'Treść faktury narusza reguły jej wzoru.',
      en: 'The content of the invoice breaks the rules of its form.',
    },
    500: KSEF_FAILED,
    550: KSEF_CANCELLED,
  },
  session: {
    405: {
      pl: 'Elementy paczki nie przeszły weryfikacji.',
      en: "The package's elements failed verification.",
    },
    415: {
      pl: 'Klucza sesji nie dało się odszyfrować.',
      en: 'The session key could not be decrypted.',
    },
    420: { pl: 'Sesja zawiera zbyt wiele faktur.', en: 'The session holds too many invoices.' },
    430: { pl: 'Archiwum nie dało się rozpakować.', en: 'The archive could not be unpacked.' },
    435: {
      pl: 'Części archiwum nie dało się odszyfrować.',
      en: 'The parts of the archive could not be decrypted.',
    },
    440: {
      pl: 'Sesję anulowano: nic nie nadeszło albo nadeszło za późno.',
      en: 'The session was cancelled: nothing arrived, or too late.',
    },
    445: { pl: 'Żadna faktura sesji nie jest poprawna.', en: 'No invoice of the session is valid.' },
    500: KSEF_FAILED,
  },
  'sign-in': {
    400: { pl: 'KSeF odmówił uwierzytelnienia.', en: 'KSeF refused the sign-in.' },
    415: {
      pl: 'Uwierzytelniony podmiot nie ma w tym kontekście żadnych uprawnień.',
      en: 'The subject has no permission at all in this context.',
    },
    425: {
      pl: 'Uwierzytelnienie zostało unieważnione przez użytkownika.',
      en: 'The sign-in was revoked by the user.',
    },
    450: {
      pl: 'Token KSeF jest błędny, unieważniony, nieaktywny lub z innego kontekstu.',
      en: 'The KSeF token is wrong, revoked, inactive or of another context.',
    },
    460: {
      pl: 'Certyfikat jest nieważny, unieważniony, zawieszony lub niezaufany.',
      en: 'The certificate is invalid, revoked, suspended or not trusted.',
    },
    470: {
      pl: 'Środek uwierzytelnienia należy do osoby zmarłej.',
      en: 'The means of authentication belong to a deceased person.',
    },
    480: {
      pl: 'Uwierzytelnianie zablokowano z powodu podejrzenia incydentu bezpieczeństwa.',
      en: 'Sign-in is blocked on suspicion of a security incident.',
    },
    500: KSEF_FAILED,
    550: KSEF_CANCELLED,
  },
  request: {
    21155: {
      pl: 'Sesja zawiera maksymalną liczbę faktur.',
      en: 'The session holds its maximum of invoices.',
    },
    21166: {
      pl: 'Tę fakturę skorygowano już technicznie.',
      en: 'The invoice already has a processed technical correction.',
    },
    21167: {
      pl: 'Poprawnie przetworzonej faktury nie koryguje się technicznie.',
      en: 'A correctly processed invoice takes no technical correction.',
    },
    21173: { pl: 'KSeF nie znajduje tej sesji.', en: 'KSeF does not find the session.' },
    21180: {
      pl: 'Status sesji nie pozwala dodać faktur.',
      en: "The session's status permits no more invoices.",
    },
    21184: { pl: 'Sesja chwilowo nie przyjmuje faktur.', en: 'The session takes no invoices for now.' },
    21402: SIZE_OR_HASH,
    21403: SIZE_OR_HASH,
    21405: { pl: 'KSeF uznał żądanie za niepoprawne.', en: "KSeF's validator refused the request." },
  },
} as const satisfies Record<KsefResource, Readonly<Record<number, Words>>>

const UNKNOWN: Words = {
  pl: 'Kod, którego ta wersja systemu nie zna; liczą się słowa KSeF.',
  en: "A code this version does not know; KSeF's own words count.",
}

/** Total: a number without a row is told to be one. */
export function meaningInKsef(resource: KsefResource, code: number): Words {
  const rows: Readonly<Record<number, Words>> = KSEF_MEANINGS[resource]
  return Object.hasOwn(rows, code) ? (rows[code] ?? UNKNOWN) : UNKNOWN
}
