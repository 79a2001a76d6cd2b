/** One small page in Polish, as the Ministry's are; no script, nothing fetched from elsewhere. */
export type Row = { label: string; value: string }

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escapeHtml = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '')

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem}' +
  'dt{color:#555}dd{margin:0 0 .75rem;font-weight:600;overflow-wrap:anywhere}footer{color:#777;font-size:.85rem}'

export function page(title: string, rows: readonly Row[]): string {
  const terms = rows.map(({ label, value }) => `<dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)}</dd>`)
  return [
    '<!doctype html><html lang="pl"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body>`,
    `<h1>${escapeHtml(title)}</h1><dl>${terms.join('')}</dl>`,
    '<footer>Symulator KSeF: dane testowe, bez mocy prawnej.</footer></body></html>',
  ].join('')
}
