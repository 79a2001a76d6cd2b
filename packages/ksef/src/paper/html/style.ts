import { createHash } from 'node:crypto'

/** The one style sheet of every paper. Constant, so that a policy can name it by its hash. */
export const STYLE = `
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0 auto;padding:2rem 1.5rem;max-width:60rem;background:#fff;color:#1a1a1a;font:15px/1.45 "DejaVu Sans Condensed","Noto Sans",system-ui,sans-serif}
header{border-bottom:2px solid #1a1a1a;margin-bottom:1rem}
.overline,.foot{color:#5c5c5c;font-size:.8rem;margin:0}
h1{font-size:1.6rem;margin:.1rem 0}
.subtitle{font-size:1.1rem;margin:0 0 .6rem;overflow-wrap:anywhere}
h2{font-size:1.05rem;margin:1.4rem 0 .4rem;border-bottom:1px solid #bbb}
h3{font-size:.95rem;margin:1rem 0 .3rem}
h4,h5,h6{font-size:.9rem;margin:.8rem 0 .2rem}
.notice{border:2px solid #b00020;color:#b00020;font-weight:700;padding:.5rem .75rem}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:.35rem 1.25rem;margin:.4rem 0}
dt{color:#5c5c5c;font-size:.78rem}
dd{margin:0;overflow-wrap:anywhere}
.strong{font-weight:700}
.beside{display:grid;grid-template-columns:repeat(auto-fit,minmax(18rem,1fr));gap:0 2rem}
.beside dl{grid-template-columns:1fr}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:.4rem 0;font-size:.88rem}
th,td{padding:.25rem .45rem;border-bottom:1px solid #ddd;text-align:left;vertical-align:top;overflow-wrap:anywhere}
thead th{background:#f2f2f2;border-bottom:1px solid #555}
tbody th{background:#f7f7f7}
.right{text-align:right;font-variant-numeric:tabular-nums}
.note{display:block;color:#5c5c5c;font-size:.82em}
.total{font-size:1.15rem;font-weight:700;text-align:right;border-top:2px solid #1a1a1a;border-bottom:2px solid #1a1a1a;padding:.4rem 0;margin:.8rem 0}
figure{margin:.8rem 0;display:flex;gap:1.25rem;align-items:flex-start;flex-wrap:wrap}
figure svg{width:13rem;height:auto;flex:none}
figcaption{flex:1 1 18rem;font-size:.8rem;overflow-wrap:anywhere}
.foot{border-top:1px solid #bbb;margin-top:1.5rem;padding-top:.4rem}
@page{size:A4;margin:15mm}
@media print{body{padding:0;font-size:11px}thead{display:table-header-group}tr,figure{break-inside:avoid}h2,h3{break-after:avoid}}
`

const styleHash = createHash('sha256').update(STYLE).digest('base64')

/** What a paper as HTML may do: be styled by its own sheet, and nothing else. */
export const PAPER_POLICY = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'`
