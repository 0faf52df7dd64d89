import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseAst } from 'vitest/node'

export const ROOT = resolve(import.meta.dirname, '../..')

/** A node of the syntax tree (ESTree with TypeScript), with its place in the text. */
export interface Node {
  type: string
  start: number
  end: number
  parent: Node | null
  // biome-ignore lint/suspicious/noExplicitAny: the fields depend on the type of the node
  [field: string]: any
}

/** A source file as text and as nodes. */
export interface Source {
  /** From the root of the repository. */
  file: string
  text: string
  nodes: Node[]
}

/** All files below a folder of the repository, or the file itself, that end with the given text. */
export function filesIn(path: string, ending: string): string[] {
  if (path.endsWith(ending)) return [path]
  return readdirSync(join(ROOT, path), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(path, name))
    .sort()
}

const read = new Map<string, Source>()

/** Reads and parses a TypeScript file. Types are left out. */
export function sourceOf(file: string): Source {
  const known = read.get(file)
  if (known !== undefined) return known
  const text = readFileSync(join(ROOT, file), 'utf8')
  const nodes: Node[] = []
  collect(parseAst(text, { lang: 'ts' }) as unknown as Node, null, nodes)
  const source = { file, text, nodes }
  read.set(file, source)
  return source
}

function collect(node: Node, parent: Node | null, nodes: Node[]): void {
  node.parent = parent
  nodes.push(node)
  for (const [field, value] of Object.entries(node)) {
    if (field === 'parent' || field.startsWith('type')) continue
    for (const child of Array.isArray(value) ? value : [value])
      if (typeof child?.type === 'string' && !child.type.startsWith('TSType')) collect(child, node, nodes)
  }
}

/** The node itself and everything around it, innermost first. */
export function around(node: Node): Node[] {
  const found: Node[] = []
  for (let one: Node | null = node; one !== null; one = one.parent) found.push(one)
  return found
}

/** The innermost function around a node that has a name. */
export function functionAround(node: Node): Node | null {
  return around(node).find((one) => nameOf(one) !== null) ?? null
}

/** The name of a function: of its declaration, of the constant that holds it, or of the property. Null for other nodes. */
export function nameOf(node: Node): string | null {
  if (node.type === 'FunctionDeclaration') return node.id.name
  if (!['ArrowFunctionExpression', 'FunctionExpression'].includes(node.type)) return null
  const { parent } = node
  if (parent?.type === 'VariableDeclarator') return parent.id.name ?? null
  if (parent?.type === 'Property' || parent?.type === 'MethodDefinition') return parent.key.name ?? null
  return null
}

/** The declared type of what a function returns, as text. */
export const returnTypeOf = ({ text }: Source, { returnType }: Node): string =>
  returnType == null ? '' : text.slice(returnType.start + 1, returnType.end).trim()
