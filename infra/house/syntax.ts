import { parseSync } from 'oxc-parser'

/** A node of the syntax tree (ESTree with TypeScript's additions), as far as the rules look at it. */
export type SyntaxNode = { type: string; start: number; [field: string]: unknown }

const parsed = new Map<string, SyntaxNode>()

/** @throws Error naming the file when it is not valid TypeScript */
export function parse(path: string, text: string): SyntaxNode {
  const key = `${path}\0${text}`
  const known = parsed.get(key)
  if (known !== undefined) return known
  const { program, errors } = parseSync(path, text)
  if (errors[0] !== undefined) throw new Error(`${path}: ${errors[0].message}`)
  if (!isNode(program)) throw new Error(`${path}: the parser gave no program`)
  parsed.set(key, program)
  return program
}

/** Every node below and including the given one, parents first. */
export function* walk(node: SyntaxNode): Generator<SyntaxNode> {
  yield node
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) yield* walk(child)
  }
}

export function child(node: SyntaxNode, field: string): SyntaxNode | undefined {
  const value = node[field]
  return isNode(value) ? value : undefined
}

export function children(node: SyntaxNode, field: string): SyntaxNode[] {
  const value = node[field]
  return Array.isArray(value) ? value.filter(isNode) : []
}

/** The text of a string literal node. */
export function literal(node: SyntaxNode | undefined): string | undefined {
  return node?.type === 'Literal' && typeof node.value === 'string' ? node.value : undefined
}

/** The name of an identifier or of a quoted key. */
export function nameOf(node: SyntaxNode | undefined): string | undefined {
  if (node?.type === 'Identifier' && typeof node.name === 'string') return node.name
  return literal(node)
}

/** Whether a node is `object.property`, spelled with a dot or in brackets. */
export function isMember(node: SyntaxNode, object: string, property: string): boolean {
  if (node.type !== 'MemberExpression') return false
  return nameOf(child(node, 'object')) === object && nameOf(child(node, 'property')) === property
}

function isNode(value: unknown): value is SyntaxNode {
  return value !== null && typeof value === 'object' && 'type' in value && typeof value.type === 'string'
}
