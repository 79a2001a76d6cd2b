/** Every sample of the Ministry: read into data, written again, and the same invoice. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { buildInvoice, writeInvoice } from '../src/invoice-data/compose-invoice.ts'
import { parseXml, type XmlElement } from '../src/invoice-data/grammar/xml-element.ts'
import { readInvoiceData } from '../src/invoice-data/read-invoice-data.ts'

const folder = join(process.env['KSEF_CONTRACT_DIR'] ?? '', 'samples')
const isThere = process.env['KSEF_CONTRACT_DIR'] !== undefined && existsSync(folder)
const samples = isThere ? readdirSync(folder).filter((name) => name.startsWith('invoice-')) : []

/** What the templates leave open. */
const filled = (template: string): Buffer =>
  Buffer.from(
    template
      .replaceAll('#nip#', '5265877635')
      .replaceAll('#nipOdbiorca#', '7980332920')
      .replaceAll('#invoicing_date#', '2026-02-02')
      .replaceAll('#invoice_number#', '1'),
  )

/** A tree in which what means the same looks the same: no prefixes, no white space between or around, no order of attributes. */
function canonical({ name, attributes = {}, content }: XmlElement): unknown {
  const inside = typeof content === 'string' ? content.replace(/\s+/g, ' ').trim() : content.map(canonical)
  return { name, attributes: Object.entries(attributes).sort(), inside }
}

if (!isThere)
  console.warn('KSEF_CONTRACT_DIR is not set: the samples of the Ministry are not read and written again.')

describe.skipIf(!isThere)('a sample', () => {
  test.each(samples)('%s is read, written and the same', (name) => {
    const xml = filled(readFileSync(join(folder, name), 'utf8'))
    const read = readInvoiceData(xml)
    if (!read.ok) return expect(read.faults).toEqual([])
    const original = canonical(parseXml(xml))
    expect(canonical(parseXml(writeInvoice(read.data)))).toEqual(original)
    // As JSON, through every check and with every total compared.
    const setting = { now: new Date('2026-02-02T10:00:00Z') }
    const built = buildInvoice(JSON.parse(JSON.stringify(read.data)), setting)
    if (!built.ok) return expect(built.faults).toEqual([])
    expect(canonical(parseXml(built.xml))).toEqual(original)
    return undefined
  })

  test('are there', () => {
    expect(samples.length).toBeGreaterThanOrEqual(4)
  })
})
