import type { Anchor, Anchors } from './host-survey.ts'
import { SYSTEM_PARTS, type SystemPart } from './read-commands.ts'

/** A part of the host whose changes are compared. */
export type WatchedPart = SystemPart | 'parent-listing'

export const WATCHED_PARTS: WatchedPart[] = [...SYSTEM_PARTS, 'parent-listing']

/** What a change means. The checks file names parts under `watch` and `tolerate`. */
export interface WatchRules {
  /** Parts of which any change fails the deploy. */
  watch: WatchedPart[]
  /** Parts of which no change fails it. */
  tolerate: WatchedPart[]
  /** User id of the connection. New entries of others can't come from the deploy. */
  uid: string
}

/**
 * The differences between two surveys, one line for each. `strict`: the deploy may have caused them, so that they fail it. `warnings`:
 * others cause such changes too, and nothing tells whose they are. `tolerated`: the checks file expects them.
 */
export interface AnchorDifferences {
  strict: string[]
  warnings: string[]
  tolerated: string[]
}

/**
 * Compares two surveys. Without rules of the checks file only what a deploy can cause is strict: the previous versions, entries of its own
 * user next to the target, and its own user's units and crontab.
 */
export function compareAnchors(before: Anchors, after: Anchors, rules: WatchRules): AnchorDifferences {
  const strict = before.previous.flatMap((was, index) => describeAnchorChanges(was, after.previous[index]))
  const found: AnchorDifferences = { strict, warnings: [], tolerated: [] }
  const add = (part: WatchedPart, what: string, was: string[], is: string[]) => {
    for (const { line, text } of changedLines(what, was, is)) {
      const accepted = `tolerate: [${part}] accepts it`
      if (rules.tolerate.includes(part)) found.tolerated.push(text)
      else if (rules.watch.includes(part)) found.strict.push(text)
      else if (isOwn(part, line, rules)) found.strict.push(`${text} (${accepted})`)
      else found.warnings.push(`${text} (others cause that too; ${accepted})`)
    }
  }
  add('parent-listing', 'the parent folder', before.listing, after.listing)
  for (const part of SYSTEM_PARTS) {
    // Surveys of earlier versions lack parts.
    const [was = 'not available', is = 'not available'] = [before.system[part], after.system[part]]
    if (was === 'not available' || is === 'not available') continue
    add(part, part, was, is)
  }
  return found
}

/** Whether only the user of the connection can cause a line: an entry that belongs to that user, the user's own units, or own crontab. */
function isOwn(part: WatchedPart, line: string, { uid }: WatchRules): boolean {
  if (part === 'user-units') return true
  if (part === 'crontab') return /^[0-9a-f]{64} {2}-$/.test(line)
  return part === 'parent-listing' && line.split('\t')[1]?.split(' ')[2] === uid
}

/** The differences of one anchor, one line for each changed field. */
function describeAnchorChanges(was: Anchor, is: Anchor | undefined): string[] {
  if (is === undefined || is.present !== was.present)
    return [`${was.path} ${was.present ? 'is gone' : 'has appeared'}`]
  const fields = ['treeHash', 'shapeHash', 'files', 'owner', 'modifiedAt', 'gitHead', 'gitClean'] as const
  return fields
    .filter((field) => was[field] !== is[field])
    .map((field) => `${was.path}: ${field} was ${was[field]}, is ${is[field]}`)
}

function changedLines(what: string, before: string[], after: string[]): { line: string; text: string }[] {
  const [was, is] = [new Set(before), new Set(after)]
  const describe = (line: string, how: string) => ({
    line,
    text: `${what}: ${how}: ${line.replaceAll('\t', ' ')}`,
  })
  return [
    ...after.filter((line) => !was.has(line)).map((line) => describe(line, 'appeared')),
    ...before.filter((line) => !is.has(line)).map((line) => describe(line, 'gone')),
  ]
}
