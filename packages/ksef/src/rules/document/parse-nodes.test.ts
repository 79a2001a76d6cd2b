import { expect, test } from 'vitest'
import { parseNodes } from './parse-nodes.ts'

const DOCUMENT = [
  '<?xml version="1.0" encoding="UTF-8"?>',
  '<!-- before -->',
  '<f:Faktura xmlns:f="urn:x">',
  '<f:Fa>',
  '  <f:P_2> FV &amp; &#353;&#x161;  <!-- a note --> 1 </f:P_2>',
  '  <f:Kol Typ="a&lt;b"><f:NKom/></f:Kol>',
  '  <f:FaWiersz><f:P_7><![CDATA[A &amp; <B>]]> C</f:P_7></f:FaWiersz><f:FaWiersz>',
  '    <f:P_11>1.50</f:P_11></f:FaWiersz>',
  '</f:Fa></f:Faktura>',
]

test.each(['\n', '\r\n'])(
  'elements are read with their texts, places and lines (line ends %j)',
  (lineEnd) => {
    const root = parseNodes(Buffer.from(DOCUMENT.join(lineEnd)))
    expect([root.name, root.line, root.xpath]).toEqual(['Faktura', 3, '/Faktura'])
    expect(root.read('Fa/P_2')).toBe('FV & šš 1')
    expect(root.get('Fa/Kol')?.attributes).toEqual({ Typ: 'a<b' })
    expect(root.read('Fa/FaWiersz/P_7')).toBe('A &amp; <B> C')
    const value = root.get('Fa')?.all('FaWiersz')[1]?.get('P_11')
    expect([value?.xpath, value?.line, value?.text]).toEqual(['/Faktura/Fa/FaWiersz[2]/P_11', 8, '1.50'])
    expect(root.get('Fa/P_15')).toBeUndefined()
    expect(root.near('Fa/P_15').name).toBe('Faktura')
  },
)
