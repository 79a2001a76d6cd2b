import type { Labels } from './label.ts'

const YES: Labels = { '1': ['tak', 'yes'] }
const YES_NO: Labels = { ...YES, '2': ['nie', 'no'] }

const THIRD_PARTY: Labels = {
  '1': ['faktor', 'factor'],
  '2': ['odbiorca', 'recipient'],
  '3': ['podmiot pierwotny', 'original party'],
  '4': ['dodatkowy nabywca', 'additional buyer'],
  '5': ['wystawca faktury', 'issuer of the invoice'],
  '6': ['dokonujący płatności', 'payer'],
  '7': ['jednostka samorządu terytorialnego: wystawca', 'local government: issuer'],
  '8': ['jednostka samorządu terytorialnego: odbiorca', 'local government: recipient'],
  '9': ['członek grupy VAT: wystawca', 'member of a VAT group: issuer'],
  '10': ['członek grupy VAT: odbiorca', 'member of a VAT group: recipient'],
  '11': ['pracownik', 'employee'],
}

const LOADS: Labels = {
  '1': ['bańka', 'can'],
  '2': ['beczka', 'barrel'],
  '3': ['butla', 'cylinder'],
  '4': ['karton', 'carton'],
  '5': ['kanister', 'canister'],
  '6': ['klatka', 'cage'],
  '7': ['kontener', 'container'],
  '8': ['kosz', 'basket'],
  '9': ['łubianka', 'punnet'],
  '10': ['opakowanie zbiorcze', 'bulk packaging'],
  '11': ['paczka', 'parcel'],
  '12': ['pakiet', 'package'],
  '13': ['paleta', 'pallet'],
  '14': ['pojemnik', 'bin'],
  '15': ['pojemnik do ładunków masowych stałych', 'bin for solid bulk'],
  '16': ['pojemnik do ładunków masowych płynnych', 'bin for liquid bulk'],
  '17': ['pudełko', 'box'],
  '18': ['puszka', 'tin'],
  '19': ['skrzynia', 'crate'],
  '20': ['worek', 'sack'],
}

/** What a code stands for, by element. The code itself is always printed beside it. */
export const CODE_LABELS: Readonly<Record<string, Labels>> = {
  ...Object.fromEntries(
    ['JST', 'GV', 'P_16', 'P_17', 'P_18', 'P_18A', 'P_42_5', 'P_23'].map((name) => [name, YES_NO]),
  ),
  ...Object.fromEntries(
    [
      ...['BrakID', 'RolaInna', 'P_19', 'P_19N', 'P_22', 'P_22N', 'P_PMarzy', 'P_PMarzy_2', 'P_PMarzy_3_1'],
      ...['P_PMarzy_3_2', 'P_PMarzy_3_3', 'P_PMarzyN', 'NrKSeF', 'NrKSeFN', 'FP', 'TP', 'NrKSeFZN'],
      ...[
        'ZwrotAkcyzy',
        'P_12_Zal_15',
        'P_12Z_Zal_15',
        'StanPrzed',
        'StanPrzedZ',
        'Zaplacono',
        'PlatnoscInna',
      ],
      ...['TransportInny', 'LadunekInny', 'PodmiotPosredniczacy'],
    ].map((name) => [name, YES]),
  ),
  Rola: THIRD_PARTY,
  OpisLadunku: LOADS,
  RolaPU: {
    '1': ['organ egzekucyjny', 'enforcement authority'],
    '2': ['komornik sądowy', 'bailiff'],
    '3': ['przedstawiciel podatkowy', 'tax representative'],
  },
  StatusInfoPodatnika: {
    '1': ['w likwidacji', 'in liquidation'],
    '2': ['w postępowaniu restrukturyzacyjnym', 'in restructuring'],
    '3': ['w upadłości', 'bankrupt'],
    '4': ['przedsiębiorstwo w spadku', 'enterprise in inheritance'],
  },
  TypKorekty: {
    '1': ['w dacie ujęcia faktury pierwotnej', 'on the date of the original invoice'],
    '2': ['w dacie wystawienia faktury korygującej', 'on the date of the correction'],
    '3': ['w innej dacie', 'on another date'],
    '4': ['w dacie zwrotu należności', 'on the date of the refund'],
  },
  ZnacznikZaplatyCzesciowej: { '1': ['w części', 'in part'], '2': ['w całości', 'in full'] },
  FormaPlatnosci: {
    '1': ['gotówka', 'cash'],
    '2': ['karta', 'card'],
    '3': ['bon', 'voucher'],
    '4': ['czek', 'cheque'],
    '5': ['kredyt', 'credit'],
    '6': ['przelew', 'bank transfer'],
    '7': ['płatność mobilna', 'mobile payment'],
  },
  RachunekWlasnyBanku: {
    '1': ['do nabywanych wierzytelności', 'for acquired receivables'],
    '2': ['do pobrania należności od nabywcy', 'for collecting from the buyer'],
    '3': ['w ramach gospodarki własnej', "for the bank's own affairs"],
  },
  RodzajTransportu: {
    '1': ['morski', 'by sea'],
    '2': ['kolejowy', 'by rail'],
    '3': ['drogowy', 'by road'],
    '4': ['lotniczy', 'by air'],
    '5': ['przesyłka pocztowa', 'by post'],
    '7': ['stałe instalacje przesyłowe', 'fixed installations'],
    '8': ['żegluga śródlądowa', 'inland waterways'],
  },
  RodzajFaktury: {
    VAT: ['podstawowa', 'ordinary'],
    KOR: ['korygująca', 'correction'],
    ZAL: ['zaliczkowa', 'advance'],
    ROZ: ['rozliczeniowa', 'settlement'],
    UPR: ['uproszczona', 'simplified'],
    KOR_ZAL: ['korygująca zaliczkową', 'correction of an advance'],
    KOR_ROZ: ['korygująca rozliczeniową', 'correction of a settlement'],
    VAT_RR: ['pierwotna', 'original'],
    KOR_VAT_RR: ['korygująca', 'correction'],
  },
}

/** FA_RR counts means of payment anew. */
export const RR_CODE_LABELS: Readonly<Record<string, Labels>> = {
  ...CODE_LABELS,
  FormaPlatnosci: { '1': ['przelew', 'bank transfer'] },
}
