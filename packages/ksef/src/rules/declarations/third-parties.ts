import { HUNDRED, shown, total } from '../document/amount.ts'
import type { Invoice } from '../document/invoice.ts'
import type { InvoiceNode } from '../document/invoice-node.ts'
import { after, before, element, set } from '../examples/edit-invoice.ts'
import { thirdParty } from '../examples/kinds.ts'
import { type Found, type Rule, when } from '../rule.ts'

const withRole = ({ thirdParties }: Invoice, ...roles: readonly string[]): readonly InvoiceNode[] =>
  thirdParties.filter((party) => roles.includes(party.read('Rola')))

const ADDITIONAL_BUYER = '4'

/** JST and GV announce a third party, and are announced by it. */
const announced = (invoice: Invoice, of: { flag: string; role: string }): readonly Found[] =>
  when(
    invoice.buyer.says(of.flag, '1') && withRole(invoice, of.role).length === 0,
    invoice.buyer.near(of.flag),
  )

const unannounced = (invoice: Invoice, of: { flag: string; role: string }): readonly Found[] =>
  withRole(invoice, of.role).flatMap((party) => when(!invoice.buyer.says(of.flag, '1'), party.near('Rola')))

const identityOf = (party: InvoiceNode): string =>
  ['NIP', 'IDWew', 'NrVatUE', 'NrID'].map((field) => party.read(`DaneIdentyfikacyjne/${field}`)).join('|')

function repeatedParties({ thirdParties }: Invoice): readonly Found[] {
  const seen = new Set<string>()
  return thirdParties.flatMap((party) => {
    const identity = identityOf(party)
    const role = party.read('Rola') || party.read('OpisRoli')
    const key = `${identity} ${role}`
    const isRepeated = identity !== '|||' && seen.has(key)
    seen.add(key)
    return when(isRepeated, party, { identity: identity.replaceAll('|', ''), role })
  })
}

const FA3: Rule['forms'] = ['FA (3)']

export const THIRD_PARTIES: readonly Rule[] = [
  {
    code: 'FA_JST_WITHOUT_UNIT',
    severity: 'error',
    forms: FA3,
    source: 'XSD FA(3), Podmiot2/JST',
    says: {
      pl: 'JST = 1, a nie ma Podmiot3 z rolą 8 (jednostka samorządu terytorialnego, odbiorca).',
      en: 'JST = 1, and there is no Podmiot3 of role 8 (local-government unit, recipient).',
    },
    help: {
      pl: 'Dodaj Podmiot3 z NIP lub IDWew jednostki i rolą 8 albo podaj JST = 2.',
      en: "Add Podmiot3 with the unit's NIP or IDWew and role 8, or give JST = 2.",
    },
    check: (invoice) => announced(invoice, { flag: 'JST', role: '8' }),
    passes: [set('JST', '1'), thirdParty('8')],
    fails: [set('JST', '1')],
  },
  {
    code: 'FA_GV_WITHOUT_MEMBER',
    severity: 'error',
    forms: FA3,
    source: 'XSD FA(3), Podmiot2/GV',
    says: {
      pl: 'GV = 1, a nie ma Podmiot3 z rolą 10 (członek grupy VAT, odbiorca).',
      en: 'GV = 1, and there is no Podmiot3 of role 10 (member of a VAT group, recipient).',
    },
    help: {
      pl: 'Dodaj Podmiot3 z NIP lub IDWew członka grupy i rolą 10 albo podaj GV = 2.',
      en: "Add Podmiot3 with the member's NIP or IDWew and role 10, or give GV = 2.",
    },
    check: (invoice) => announced(invoice, { flag: 'GV', role: '10' }),
    passes: [set('GV', '1'), thirdParty('10')],
    fails: [set('GV', '1')],
  },
  {
    code: 'FA_UNIT_WITHOUT_JST',
    severity: 'warning',
    forms: FA3,
    source: 'XSD FA(3), Podmiot2/JST i Rola 8',
    says: {
      pl: 'Jest Podmiot3 z rolą 8, a JST = 2.',
      en: 'There is a Podmiot3 of role 8, and JST = 2.',
    },
    help: { pl: 'Podaj JST = 1 albo inną rolę.', en: 'Give JST = 1, or another role.' },
    check: (invoice) => unannounced(invoice, { flag: 'JST', role: '8' }),
    passes: [set('JST', '1'), thirdParty('8')],
    fails: [thirdParty('8')],
  },
  {
    code: 'FA_MEMBER_WITHOUT_GV',
    severity: 'warning',
    forms: FA3,
    source: 'XSD FA(3), Podmiot2/GV i Rola 10',
    says: {
      pl: 'Jest Podmiot3 z rolą 10, a GV = 2.',
      en: 'There is a Podmiot3 of role 10, and GV = 2.',
    },
    help: { pl: 'Podaj GV = 1 albo inną rolę.', en: 'Give GV = 1, or another role.' },
    check: (invoice) => unannounced(invoice, { flag: 'GV', role: '10' }),
    passes: [set('GV', '1'), thirdParty('10')],
    fails: [thirdParty('10')],
  },
  {
    code: 'FA_UNIT_WITHOUT_NIP',
    severity: 'error',
    source: 'XSD FA(3), JST, GV i Rola 7-10 („podać NIP lub ID-Wew”)',
    says: {
      pl: 'Podmiot3 z rolą {role} nie ma NIP ani IDWew.',
      en: 'A Podmiot3 of role {role} has neither NIP nor IDWew.',
    },
    help: {
      pl: 'Podaj NIP albo IDWew; inaczej KSeF nie udostępni mu faktury.',
      en: 'Give NIP or IDWew; otherwise KSeF does not show it the invoice.',
    },
    check: (invoice) =>
      withRole(invoice, '7', '8', '9', '10').flatMap((party) => {
        const isKnown = party.has('DaneIdentyfikacyjne/NIP') || party.has('DaneIdentyfikacyjne/IDWew')
        return when(!isKnown, party.near('DaneIdentyfikacyjne'), { role: party.read('Rola') })
      }),
    passes: [set('JST', '1'), thirdParty('8')],
    fails: [set('JST', '1'), thirdParty('8', { identity: element('BrakID', '1') })],
  },
  {
    code: 'FA_SHARE_OF_NO_BUYER',
    severity: 'warning',
    source: 'XSD FA(3), Udzial („procentowy udział dodatkowego nabywcy”)',
    says: {
      pl: 'Podmiot3 z rolą {role} ma Udzial {share}, a udział ma tylko dodatkowy nabywca (rola 4).',
      en: 'A Podmiot3 of role {role} has Udzial {share}; only an additional buyer (role 4) has a share.',
    },
    help: { pl: 'Usuń Udzial albo podaj rolę 4.', en: 'Remove Udzial, or give role 4.' },
    check: ({ thirdParties }) =>
      thirdParties.flatMap((party) => {
        const [role, share] = [party.read('Rola'), party.read('Udzial')]
        return when(share !== '' && role !== ADDITIONAL_BUYER, party.near('Udzial'), {
          role: role || '—',
          share,
        })
      }),
    passes: [thirdParty('4', { share: '40' })],
    fails: [thirdParty('2', { share: '40' })],
  },
  {
    code: 'FA_SHARES_OVER_WHOLE',
    severity: 'error',
    source: 'XSD FA(3), Udzial („różnica pomiędzy wartością 100% a sumą udziałów”)',
    says: {
      pl: 'Udziały dodatkowych nabywców dają razem {sum} %.',
      en: 'The shares of the additional buyers come to {sum} %.',
    },
    help: {
      pl: 'Zmniejsz udziały; reszta do 100 % jest udziałem nabywcy z Podmiot2.',
      en: 'Lower them; what is left to 100 % is the share of the buyer in Podmiot2.',
    },
    check: (invoice) => {
      const sum = total(withRole(invoice, ADDITIONAL_BUYER).map((party) => party.amount('Udzial')))
      const [first = invoice.buyer] = withRole(invoice, ADDITIONAL_BUYER)
      return when(sum.gt(HUNDRED), first.near('Udzial'), { sum: shown(sum) })
    },
    passes: [thirdParty('4', { share: '40' })],
    fails: [
      thirdParty('4', { share: '60' }),
      thirdParty('4', { share: '41', identity: element('NIP', '2222222222') }),
    ],
  },
  {
    code: 'FA_SHARES_OF_SOME',
    severity: 'warning',
    source: 'XSD FA(3), Udzial („w przypadku niewypełnienia pola przyjmuje się, że udziały są równe”)',
    says: {
      pl: 'Jedni dodatkowi nabywcy mają Udzial, inni nie.',
      en: 'Some of the additional buyers have Udzial and some do not.',
    },
    help: { pl: 'Podaj Udzial każdemu z nich albo żadnemu.', en: 'Give Udzial to each of them, or to none.' },
    check: (invoice) => {
      const buyers = withRole(invoice, ADDITIONAL_BUYER)
      const without = buyers.filter((party) => !party.has('Udzial'))
      const [first] = without
      return first === undefined || without.length === buyers.length ? [] : when(true, first)
    },
    passes: [thirdParty('4', { share: '40' })],
    fails: [thirdParty('4', { share: '40' }), thirdParty('4', { identity: element('NIP', '2222222222') })],
  },
  {
    code: 'FA_THIRD_PARTY_REPEATED',
    severity: 'warning',
    source: 'XSD FA(3), Podmiot3',
    says: {
      pl: 'Podmiot {identity} z rolą {role} podano dwa razy.',
      en: 'The party {identity} of role {role} is given twice.',
    },
    help: { pl: 'Zostaw jeden Podmiot3.', en: 'Keep one Podmiot3.' },
    check: repeatedParties,
    passes: [thirdParty('2'), thirdParty('6')],
    fails: [thirdParty('2'), thirdParty('2')],
  },
  {
    code: 'FA_ISSUER_IS_BUYER',
    severity: 'warning',
    source:
      'art. 106d ust. 1; XSD FA(3), Rola 5 („nie dotyczy przypadku, gdy wystawcą faktury jest nabywca”)',
    says: {
      pl: 'Wystawcą faktury (rola 5) jest sam nabywca, NIP {nip}.',
      en: 'The issuer (role 5) is the buyer itself, NIP {nip}.',
    },
    help: {
      pl: 'Usuń ten Podmiot3 i podaj P_17 = 1 (samofakturowanie).',
      en: 'Remove that Podmiot3 and give P_17 = 1 (self-billing).',
    },
    check: (invoice) => {
      const nip = invoice.buyer.read('DaneIdentyfikacyjne/NIP')
      return withRole(invoice, '5').flatMap((party) =>
        when(nip !== '' && party.says('DaneIdentyfikacyjne/NIP', nip), party.near('Rola'), { nip }),
      )
    },
    passes: [thirdParty('5')],
    fails: [thirdParty('5', { identity: element('NIP', '1234563218') })],
  },
  {
    code: 'FA_FACTOR_UNNAMED',
    severity: 'warning',
    source: 'XSD FA(3), RachunekBankowyFaktora i Rola 1',
    says: {
      pl: 'Jest rachunek faktora, a nie ma Podmiot3 z rolą 1 (faktor).',
      en: "There is a factor's account, and no Podmiot3 of role 1 (factor).",
    },
    help: { pl: 'Podaj faktora w Podmiot3.', en: 'Name the factor in Podmiot3.' },
    check: (invoice) => {
      const account = invoice.fa.get('Platnosc/RachunekBankowyFaktora')
      return account === undefined ? [] : when(withRole(invoice, '1').length === 0, account)
    },
    passes: [thirdParty('1'), after('RachunekBankowy', factorAccount())],
    fails: [after('RachunekBankowy', factorAccount())],
  },
  {
    code: 'FA_AUTHORISED_IS_SELLER',
    severity: 'warning',
    source: 'art. 106c, art. 18a-18d; XSD FA(3), PodmiotUpowazniony',
    says: {
      pl: 'Podmiot upoważniony ma NIP sprzedawcy {nip}.',
      en: "The authorised party has the seller's NIP, {nip}.",
    },
    help: {
      pl: 'Podaj komornika, organ egzekucyjny albo przedstawiciela podatkowego lub usuń PodmiotUpowazniony.',
      en: 'Name the bailiff, the enforcement authority or the tax representative, or remove PodmiotUpowazniony.',
    },
    check: ({ root, facts }) => {
      const party = root.near('PodmiotUpowazniony')
      return when(party.says('DaneIdentyfikacyjne/NIP', facts.sellerNip), party, { nip: facts.sellerNip })
    },
    passes: [before('Fa', authorised('1111111111'))],
    fails: [before('Fa', authorised('5265877635'))],
  },
]

function factorAccount(): string {
  return element('RachunekBankowyFaktora', element('NrRB', '61109010140000071219812874'))
}

function authorised(nip: string): string {
  const identity = element('DaneIdentyfikacyjne', element('NIP', nip), element('Nazwa', 'Komornik sądowy'))
  const address = element('Adres', element('KodKraju', 'PL'), element('AdresL1', 'Gdańsk'))
  return element('PodmiotUpowazniony', identity, address, element('RolaPU', '2'))
}
