import type { Json } from '../domain/json.ts'
import type { Run } from '../domain/run.ts'
import type { EngineDeps } from './engine-deps.ts'

/** The most fields that are named. A plan that is another altogether is read as a plan. */
const MOST = 40
const LONGEST = 120

/**
 * Names the fields in which two plans differ, one line each: `accounts[2].limit: 10 → 12`. A machine's own recheck may explain drift better;
 * this is for machines that only plan again.
 */
export function listPlanDifferences(before: Json, after: Json): string[] {
  const [old, made] = [new Map(leavesOf(before, '')), new Map(leavesOf(after, ''))]
  const paths = [...new Set([...old.keys(), ...made.keys()])].filter(
    (path) => old.get(path) !== made.get(path),
  )
  const lines = paths.slice(0, MOST).map((path) => {
    const [from, to] = [old.get(path), made.get(path)]
    if (from === undefined) return `${path} is new: ${to}`
    return to === undefined ? `${path} is gone, it was: ${from}` : `${path}: ${from} → ${to}`
  })
  return paths.length > MOST ? [...lines, `and ${paths.length - MOST} more fields`] : lines
}

/** Reads the plan that was approved and the plan of now, and lists their differences. Empty when one of them is not there. */
export async function readPlanDifferences(
  { store }: Pick<EngineDeps, 'store'>,
  approved: string | null,
  { planDigest }: Run,
): Promise<string[]> {
  if (approved === null || planDigest === null || approved === planDigest) return []
  const [before, after] = await Promise.all([store.evidence(approved), store.evidence(planDigest)])
  if (before === null || after === null) return []
  return listPlanDifferences(parsed(before), parsed(after))
}

const parsed = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString('utf8')) as Json

/** Every value that holds no other, by its path. Empty objects and lists are values. */
function leavesOf(value: Json, path: string): [path: string, text: string][] {
  const parts =
    value === null || typeof value !== 'object'
      ? []
      : Array.isArray(value)
        ? value.map((item, index) => [`${path}[${index}]`, item] as const)
        : Object.entries(value).map(([key, item]) => [path === '' ? key : `${path}.${key}`, item] as const)
  if (parts.length === 0) return [[path === '' ? 'the plan' : path, shortened(JSON.stringify(value))]]
  return parts.flatMap(([inner, item]) => leavesOf(item, inner))
}

const shortened = (text: string) =>
  text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${text.length} characters)` : text
