import { type Edit, placeOf, replaced, type Weakened } from './edit.ts'
import type { Keeper } from './invariants.ts'
import { around, functionAround, type Node, nameOf, type Source, sourceOf } from './source-tree.ts'

/** Makes the weakened builds of a keeper. @throws Error when the source has no such function, throw, return or condition any more */
export function weakenKeeper(subject: string, { file, functions, without }: Keeper): Weakened[] {
  const source = sourceOf(file)
  return functions.flatMap((name) => {
    const within = source.nodes.find((node) => nameOf(node) === name)
    const edits = within === undefined ? [] : editsIn(source, within, without)
    if (edits.length === 0) throw new Error(`${file} has nothing to leave out in ${name}`)
    return edits.map((edit) => ({
      subject,
      name: `${name} at ${placeOf(source, edit)}`,
      edits: [edit],
    }))
  })
}

function editsIn(source: Source, within: Node, without: Keeper['without']): Edit[] {
  if (without !== 'throws' && 'result' in without) {
    const body = { ...within.body, end: within.body.start + 1 }
    return [replaced(source, body, `{ return ${without.result};`)]
  }
  const inside = source.nodes.filter((node) => functionAround(node) === within)
  if (without !== 'throws' && 'condition' in without)
    return inside
      .filter(({ type, test }) => type === 'IfStatement' && textOf(source, test) === without.condition)
      .map(({ test }) => replaced(source, test, String(without.holds)))
  if (without !== 'throws' && 'property' in without)
    return inside
      .filter(({ type, key }) => type === 'Property' && key.name === without.property)
      .map((property) => replaced(source, property, '...{}'))
  return inside
    .filter(({ type, argument }) =>
      without === 'throws'
        ? type === 'ThrowStatement'
        : type === 'ReturnStatement' &&
          argument !== null &&
          textOf(source, argument).startsWith(without.returning),
    )
    .map((exit) => {
      const steps = around(exit)
      const guard = steps.slice(0, steps.indexOf(within)).find(({ type }) => type === 'IfStatement')
      return guard === undefined ? replaced(source, exit, ';') : replaced(source, guard.test, 'false')
    })
}

const textOf = ({ text }: Source, { start, end }: Node) => text.slice(start, end)
