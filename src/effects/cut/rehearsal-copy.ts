import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { quoteName } from '../../domain/quote-name.ts'
import { type Named, type Surface, TABLE } from '../../targets/survey.ts'
import type { DocumentRows, Target } from '../../targets/target.ts'
import type { CutDeps } from './deps.ts'
import { limitDifferences, summariseDifferences } from './drift.ts'

/**
 * Creates the run's rehearsal database with the document's rows, and asserts that its writes meet what they will meet in the target: the same
 * functions, triggers, constraints and indexes, and no grant that the target lacks. Grants that the target has more were reviewed
 * with its grant matrix, and cannot make a write fail there that succeeds here.
 *
 * @throws Stop STOP_REHEARSAL_NOT_REPRESENTATIVE, which names each difference as the target has it.
 */
export async function createRehearsalCopy(
  deps: CutDeps,
  context: EffectContext,
  { target, surface, document }: { target: Target; surface: Surface; document: string },
  rows: DocumentRows,
): Promise<Target> {
  const copy = await deps.rehearsalDatabases.create(context.runId, rows)
  const [own, guards, copied] = await Promise.all([
    copy.survey(context, document),
    target.otherGuards(context),
    copy.otherGuards(context),
  ])
  const differences = [
    ...compareKinds(namedOf(surface), namedOf(own.survey.surface)),
    ...compareKinds(guards, copied),
    ...listLackingGrants(surface.grants, own.survey.surface.grants),
  ]
  const [first] = differences
  if (first === undefined) return copy
  const lines = differences.map(({ line }) => line)
  throw new Stop(
    'STOP_REHEARSAL_NOT_REPRESENTATIVE',
    `a rehearsal would show nothing about target ${target.name}, because its schema is not the one of this Cutter: ${summariseDifferences(lines)}; this phase changed nothing`,
    {
      next: `${first.remedy ?? adviseInit(target.name)}; then: cutter run resume ${context.runId}`,
      data: { differences: limitDifferences(lines) },
    },
  )
}

/** A difference, as a line about the target. `remedy` is SQL that removes what the target has more. */
interface Difference {
  line: string
  remedy?: string
}

const adviseInit = (target: string) =>
  `cutter target init ${target} adds what an older schema lacks; restore other objects from the migrations of Cutter (migrations/target)`

/** Objects by kind and name: `trigger public.unit_version.a_guard`. */
function namedOf({ functions, triggers, constraints }: Surface): Named[] {
  const ofKind = (kind: string) => (one: Named) => ({ ...one, name: `${kind} ${one.name}` })
  const tables = constraints.filter(({ name }) => name.endsWith(TABLE))
  const others = constraints.filter(({ name }) => !name.endsWith(TABLE))
  return [
    ...functions.map(ofKind('function')),
    ...triggers.map(ofKind('trigger')),
    ...others.map(ofKind('constraint')),
    ...tables.map(({ name, digest }) => ({ name: `table ${name.slice(0, -TABLE.length)}`, digest })),
  ]
}

function compareKinds(target: Named[], copy: Named[]): Difference[] {
  const there = new Map(target.map(({ name, digest }) => [name, digest]))
  const here = new Map(copy.map(({ name, digest }) => [name, digest]))
  return [
    ...target.filter(({ name }) => !here.has(name)).map(({ name }) => oneMore(name)),
    ...copy
      .filter(({ name }) => !there.has(name))
      .map(({ name }) => ({ line: `the target lacks the ${name}` })),
    ...copy
      .filter(({ name, digest }) => there.has(name) && there.get(name) !== digest)
      .map(({ name, digest }) => ({
        line: `the ${name} of the target is another one: ${digest} → ${there.get(name)}`,
      })),
  ]
}

function oneMore(name: string): Difference {
  const kind = name.slice(0, name.indexOf(' '))
  return {
    line: `the target has one ${kind} more: ${name.slice(kind.length + 1)}`,
    remedy: `find out who made it and what for; if the target can do without it, drop it there: ${dropStatement(kind, name.slice(kind.length + 1))}; if not, cut into a database of its own`,
  }
}

/** Triggers and constraints belong to a table. Cutter knows the names of its schemas and tables, which have no full stop. */
function dropStatement(kind: string, name: string): string {
  if (kind === 'function') return `drop function ${name}`
  const [schema = '', object = '', ...rest] = name.split('.')
  const own = rest.length > 0 ? rest.join('.') : object
  const table = `${schema}.${quoteName(object)}`
  if (kind === 'trigger') return `drop trigger ${quoteName(own)} on ${table}`
  if (kind === 'constraint') return `alter table ${table} drop constraint ${quoteName(own)}`
  return `drop ${kind} ${schema}.${quoteName([object, ...rest].join('.'))}`
}

/** Whether a grant to it decides about Cutter's own statements. */
const isOwnRole = (grantee: string) => grantee === 'public' || grantee.startsWith('cutter_')

function listLackingGrants(target: Surface['grants'], copy: Surface['grants']): Difference[] {
  const line = ({ privilege, object, grantee }: Surface['grants'][number]) =>
    `the target lacks the grant of ${privilege} on ${object} to ${grantee}`
  const held = new Set(target.map(line))
  return copy
    .filter(({ grantee }) => isOwnRole(grantee))
    .map(line)
    .filter((text) => !held.has(text))
    .map((text) => ({ line: text }))
}
