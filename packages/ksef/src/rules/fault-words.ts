import type { InvoiceFaultCode } from '../documents/invoice-fault.ts'

const VERIFICATION = 'KSeF, „Weryfikacja faktury”'
const DATA = 'OpenAPI, faktura jako JSON'

/** What the faults of the acceptance check mean in Polish, and where it is written. */
export const FAULT_WORDS: Readonly<
  Record<
    InvoiceFaultCode,
    {
      readonly pl: { readonly means: string; readonly help: string }
      readonly source: string
      /** Of the data that an invoice is made of, which KSeF never sees. */
      readonly ofData?: true
    }
  >
> = {
  INVOICE_TOO_LARGE: {
    pl: {
      means: 'Plik ma więcej niż 1 000 000 bajtów, a z załącznikiem więcej niż 3 000 000.',
      help: 'Podziel fakturę albo zmniejsz załącznik.',
    },
    source: `${VERIFICATION}: rozmiar pliku`,
  },
  INVOICE_HAS_BOM: {
    pl: {
      means: 'Plik zaczyna się znacznikiem kolejności bajtów (BOM).',
      help: 'Zapisz plik jako UTF-8 bez BOM.',
    },
    source: `${VERIFICATION}: weryfikacja XML`,
  },
  INVOICE_NOT_UTF8: {
    pl: {
      means: 'Bajty nie są poprawnym UTF-8 albo prolog podaje inne kodowanie.',
      help: 'Zapisz plik w UTF-8 i podaj w prologu UTF-8 albo nic.',
    },
    source: `${VERIFICATION}: weryfikacja XML`,
  },
  INVOICE_HAS_DOCTYPE: {
    pl: { means: 'Plik ma deklarację typu dokumentu.', help: 'Usuń <!DOCTYPE …> i własne encje.' },
    source: `${VERIFICATION}: weryfikacja XML`,
  },
  INVOICE_HAS_PROCESSING_INSTRUCTION: {
    pl: {
      means: 'Plik ma instrukcję przetwarzania.',
      help: 'Usuń <?…?>; dozwolona jest tylko deklaracja XML na samym początku.',
    },
    source: `${VERIFICATION}: weryfikacja XML`,
  },
  INVOICE_DISCOURAGED_CHARACTER: {
    pl: {
      means: 'Plik ma znak, którego XML odradza, a KSeF nie przyjmuje.',
      help: 'Usuń znak; zwykle jest pozostałością innego kodowania.',
    },
    source: `${VERIFICATION}: weryfikacja XML`,
  },
  INVOICE_FORBIDDEN_CHARACTER: {
    pl: { means: 'Plik ma znak sterujący, którego XML zabrania.', help: 'Usuń znak.' },
    source: `${VERIFICATION}: weryfikacja XML`,
  },
  INVOICE_TOO_COMPLEX: {
    pl: {
      means: 'Znacznik jest dłuższy, niż potrzebuje jakakolwiek faktura, albo badanie trwa zbyt długo.',
      help: 'Usuń atrybuty, których schemat nie zna.',
    },
    source: `${VERIFICATION}: zgodność ze schematem XSD`,
  },
  INVOICE_NOT_XML: {
    pl: {
      means: 'Plik nie jest poprawnym XML 1.0.',
      help: 'Napraw wskazane miejsce; pokaże je też edytor XML.',
    },
    source: `${VERIFICATION}: zgodność ze schematem XSD`,
  },
  INVOICE_UNKNOWN_FORM: {
    pl: {
      means: 'Element główny, przestrzeń nazw lub kod formularza nie należą do FA(2), FA(3) ani FA_RR(1).',
      help: 'Użyj przestrzeni nazw i KodFormularza obowiązującego wzoru, FA(3).',
    },
    source: `${VERIFICATION}: zgodność ze schematem XSD`,
  },
  INVOICE_FORM_NOT_ACCEPTED_HERE: {
    pl: {
      means: 'To środowisko KSeF nie przyjmuje już tego wzoru.',
      help: 'Wyślij FA(3); FA(2) przyjmuje tylko środowisko testowe.',
    },
    source: 'KSeF, „Środowiska”',
  },
  INVOICE_XSD: {
    pl: {
      means: 'Dokument narusza schemat swojego wzoru.',
      help: 'Popraw element, który wskazują wiersz i XPath.',
    },
    source: `${VERIFICATION}: zgodność ze schematem XSD`,
  },
  INVOICE_FIELD_UNREADABLE: {
    pl: {
      means: 'Brakuje pola, które identyfikuje fakturę, jest puste albo podwójne.',
      help: 'Podaj NIP sprzedawcy, RodzajFaktury, numer i datę wystawienia dokładnie raz.',
    },
    source: `${VERIFICATION}: unikalność faktury`,
  },
  INVOICE_DATED_IN_FUTURE: {
    pl: {
      means: 'Data wystawienia jest późniejsza niż dziś w Polsce.',
      help: 'Wyślij fakturę w dniu jej wystawienia albo później.',
    },
    source: `${VERIFICATION}: walidacja dat`,
  },
  INVOICE_NIP_CHECKSUM: {
    pl: {
      means: 'NIP nie ma poprawnej cyfry kontrolnej.',
      help: 'Popraw NIP; produkcyjny KSeF go sprawdza.',
    },
    source: VERIFICATION,
  },
  INVOICE_NOT_JSON: {
    pl: {
      means: 'Treść nie jest obiektem JSON w UTF-8.',
      help: 'Wyślij jeden obiekt będący fakturą; opisuje go dokument OpenAPI.',
    },
    source: DATA,
    ofData: true,
  },
  INVOICE_FIELD_UNKNOWN: {
    pl: {
      means: 'Dane mają pole, którego faktura nie zna.',
      help: 'Użyj podpowiedzianej nazwy albo usuń pole.',
    },
    source: DATA,
    ofData: true,
  },
  INVOICE_FIELD_MISSING: {
    pl: {
      means: 'Brakuje pola, którego ta faktura potrzebuje.',
      help: 'Podaj pole wskazane przez `pointer`.',
    },
    source: DATA,
    ofData: true,
  },
  INVOICE_FIELD_INVALID: {
    pl: {
      means: 'Pole ma wartość, której mieć nie może.',
      help: 'Popraw wartość; komunikat mówi, czego się oczekuje.',
    },
    source: DATA,
    ofData: true,
  },
  INVOICE_FIELDS_EXCLUDE: {
    pl: {
      means: 'Podano dwa pola, które się wykluczają.',
      help: 'Usuń jedno z nich.',
    },
    source: DATA,
    ofData: true,
  },
  INVOICE_PRICES_MIXED: {
    pl: {
      means: 'Wiersze jednej stawki mają wartości netto i brutto; nie da się ich zsumować.',
      help: 'Podaj w wierszach jednej stawki same ceny netto albo same ceny brutto.',
    },
    source: 'art. 106e ust. 7–11',
    ofData: true,
  },
  INVOICE_VALUE_MISMATCH: {
    pl: {
      means: 'Wartość wiersza nie wynika z jego ilości, ceny, rabatu i stawki.',
      help: 'Popraw ją albo pomiń, a zostanie wyliczona.',
    },
    source: 'art. 106e ust. 1 pkt 11',
    ofData: true,
  },
  INVOICE_TOTAL_MISMATCH: {
    pl: {
      means: 'Suma nie wynika z wierszy przy żadnym zaokrągleniu, które dopuszcza ustawa o VAT.',
      help: 'Popraw ją albo pomiń, a zostanie wyliczona.',
    },
    source: 'art. 106e ust. 7–11',
    ofData: true,
  },
  INVOICE_TOTAL_MISSING: {
    pl: {
      means: 'Sumy nie da się wyliczyć z tego, co podano.',
      help: 'Podaj sumę albo wartości i stawki wierszy.',
    },
    source: 'art. 106e ust. 1 pkt 13–15',
    ofData: true,
  },
  INVOICE_EXCHANGE_RATE_MISSING: {
    pl: {
      means: 'Faktura jest w walucie obcej i opodatkowana; VAT w złotych wymaga kursu.',
      help: 'Podaj `exchangeRate` dla faktury albo dla wiersza.',
    },
    source: 'art. 106e ust. 11',
    ofData: true,
  },
}
