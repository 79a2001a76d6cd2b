import { qrSvg } from '../../qr/qr-picture.ts'
import type { Block, Cell, Column, Field, Paper, Row, Section } from '../paper.ts'
import { PAPER_POLICY, STYLE } from './style.ts'

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '')

const HEADING_MAX = 6

const field = ({ label, value, strong }: Field): string =>
  `<div><dt>${escaped(label)}</dt><dd${strong === true ? ' class="strong"' : ''}>${escaped(value)}</dd></div>`

const classOf = (column: Column | undefined, strong: boolean | undefined): string => {
  const names = [column?.align === 'right' ? 'right' : '', strong === true ? 'strong' : ''].filter(Boolean)
  return names.length === 0 ? '' : ` class="${names.join(' ')}"`
}

const cell = ({ text, notes = [], strong }: Cell, column: Column | undefined): string =>
  `<td${classOf(column, strong)}>${escaped(text)}${notes.map((note) => `<span class="note">${escaped(note)}</span>`).join('')}</td>`

function row({ cells }: Row, columns: readonly Column[]): string {
  const [first] = cells
  if (cells.length === 1 && columns.length > 1 && first !== undefined)
    return `<tr><th colspan="${columns.length}">${escaped(first.text)}</th></tr>`
  return `<tr>${cells.map((one, index) => cell(one, columns[index])).join('')}</tr>`
}

function table(columns: readonly Column[], rows: readonly Row[]): string {
  const head = columns.map((column) => `<th${classOf(column, false)}>${escaped(column.title)}</th>`).join('')
  const body = rows.map((one) => row(one, columns)).join('')
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`
}

const section = ({ title, blocks }: Section, level: number): string => {
  const tag = `h${Math.min(level, HEADING_MAX)}`
  return `<section><${tag}>${escaped(title)}</${tag}>${blocks.map((one) => block(one, level + 1)).join('')}</section>`
}

function block(one: Block, level: number): string {
  switch (one.kind) {
    case 'fields':
      return `<dl>${one.fields.map(field).join('')}</dl>`
    case 'paragraph':
      return `<p>${escaped(one.text)}</p>`
    case 'table':
      return table(one.columns, one.rows)
    case 'section':
      return section(one.section, level)
    case 'beside':
      return `<div class="beside">${one.sections.map((each) => section(each, level)).join('')}</div>`
    case 'total':
      return `<p class="total">${escaped(one.field.label)}: ${escaped(one.field.value)}</p>`
    case 'codes':
      return one.codes
        .map((code) => `<figure>${qrSvg(code)}<figcaption>${escaped(code.link)}</figcaption></figure>`)
        .join('')
  }
}

/**
 * A paper as one HTML file that loads nothing: no script, no font, no picture from elsewhere. Every value is escaped. Whoever
 * serves it sends {@link PAPER_POLICY}, which it also carries itself.
 */
export function renderHtml(paper: Paper): string {
  const { language, overline, title, subtitle, identity, notice, blocks, foot } = paper
  return [
    `<!doctype html><html lang="${language}"><head><meta charset="utf-8">`,
    `<meta http-equiv="Content-Security-Policy" content="${PAPER_POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escaped(`${title} ${subtitle}`)}</title><style>${STYLE}</style></head><body>`,
    `<header><p class="overline">${escaped(overline)}</p><h1>${escaped(title)}</h1>`,
    `<p class="subtitle">${escaped(subtitle)}</p>`,
    identity === null ? '' : `<p class="strong">${escaped(`${identity.label}: ${identity.value}`)}</p>`,
    '</header><main>',
    notice === null ? '' : `<p class="notice" role="alert">${escaped(notice)}</p>`,
    ...blocks.map((one) => block(one, 2)),
    `</main><p class="foot">${escaped(foot)}</p></body></html>\n`,
  ].join('')
}
