import type { RefusalReason } from '../../src/approvals/refusal.ts'
import { type Edit, placeOf, replaced, type Weakened } from './edit.ts'
import {
  around,
  filesIn,
  functionAround,
  type Node,
  nameOf,
  returnTypeOf,
  type Source,
  sourceOf,
} from './source-tree.ts'

/** Where an approval is judged. Elsewhere the same sentences are only shown, such as by explain. */
const JUDGING = [
  'src/approvals/rules',
  'src/approvals/judge-approval.ts',
  'src/engine/apply-approval.ts',
  'src/engine/resume-stopped.ts',
]

/**
 * Finds each place at which a gate refuses for a reason, and weakens the build there: the condition never holds, or the rule returns
 * null. A function that only builds a refusal is followed to its callers.
 */
export function weakenRefusal(reason: RefusalReason): Weakened[] {
  const sources = JUDGING.flatMap((path) => filesIn(path, '.ts')).map(sourceOf)
  const edits = sources.flatMap((source) =>
    source.nodes
      .filter(({ type, value }) => type === 'Literal' && value === reason)
      .flatMap((node) => removeAt(source, node, { reason, sources, isOneOfMany: false })),
  )
  const places = new Map(edits.map(({ source, node, edit }) => [placeOf(source, node), edit]))
  return [...places].map(([place, edit]) => ({
    subject: reason,
    name: place,
    edits: [edit],
  }))
}

interface Search {
  reason: string
  sources: Source[]
  /** The function that was called builds refusals of several reasons. */
  isOneOfMany: boolean
}

interface Removal {
  source: Source
  node: Node
  edit: Edit
}

function removeAt(source: Source, node: Node, search: Search): Removal[] {
  const within = functionAround(node)
  if (within === null) return []
  if (isBuilder(source, within)) return removeAtCallers(source, within, search)
  const steps = around(node)
  for (const [index, inner] of steps.entries()) {
    const outer = steps[index + 1]
    if (outer === undefined || outer === within) break
    const found = guardOf(outer, inner)
    if (found === null) continue
    return [{ source, node, edit: replaced(source, found.test, weakenedTest(source, node, found, search)) }]
  }
  const returned = steps.find(({ type }) => type === 'ReturnStatement')
  return returned === undefined ? [] : [{ source, node, edit: replaced(source, returned.argument, 'null') }]
}

/** The condition as it is for every other reason; without other reasons, one that never leads to the refusal. */
function weakenedTest(
  { text }: Source,
  built: Node,
  { test, holds }: Guard,
  { reason, isOneOfMany }: Search,
): string {
  if (!isOneOfMany) return String(!holds)
  const isOther = `${text.slice(built.start, built.end)}.reason !== '${reason}'`
  const condition = text.slice(test.start, test.end)
  return holds ? `(${condition}) && ${isOther}` : `(${condition}) || !(${isOther})`
}

interface Guard {
  test: Node
  /** Whether the condition must hold to come here. */
  holds: boolean
}

/** The condition under which a part of a statement or an expression is reached. */
function guardOf(outer: Node, inner: Node): Guard | null {
  if (outer.type === 'IfStatement' && outer.consequent === inner) return { test: outer.test, holds: true }
  if (outer.type !== 'ConditionalExpression' || outer.test === inner) return null
  const holds = outer.consequent === inner
  const other = holds ? outer.alternate : outer.consequent
  return other.type === 'Literal' && other.value === null ? { test: outer.test, holds } : null
}

/** A function that returns a refusal in any case, or makes an error of one. */
const isBuilder = (source: Source, node: Node) =>
  /^(?:Promise<)?(?:Refusal|KeyFault|SignatureFaultText|CutterError)>?$/.test(returnTypeOf(source, node))

function removeAtCallers(source: Source, builder: Node, search: Search): Removal[] {
  const name = nameOf(builder)
  const others = source.nodes.filter(
    ({ type, value, start, end }) =>
      type === 'Literal' &&
      /^[A-Z]+(?:_[A-Z]+)+$|^DRIFT$/.test(String(value)) &&
      start > builder.start &&
      end < builder.end,
  )
  const isRefusal = !/CutterError/.test(returnTypeOf(source, builder))
  const isOneOfMany = isRefusal && (search.isOneOfMany || new Set(others.map(({ value }) => value)).size > 1)
  return search.sources.flatMap((one) =>
    one.nodes
      .filter(({ type, callee }) => type === 'CallExpression' && callee.name === name)
      .flatMap((call) => removeAt(one, call, { ...search, isOneOfMany })),
  )
}
