import { readFunctionBody } from '../../migration/function-body.ts'
import { findFunctionRefusal } from '../../migration/harmless-functions.ts'
import { readRuleTree } from '../../migration/rule-tree.ts'
import type { Sql } from '../../targets/target.ts'
import {
  FIRST_USER_OID,
  type ObjectKind,
  type ReachedFunction,
  readNamedObjects,
  readReached,
  readReachedFunctions,
} from './reached-objects.ts'

/** What a check reaches in a database, through views, rules, policies, types and functions. */
export interface CheckReach {
  /** Why the check may not be asked on a target before an approval; empty where it may. */
  refused: string[]
  /** The functions of the application that it runs and that bundle.yaml names. */
  functions: string[]
  /** Its relations, as schema.table. */
  reads: string[]
}

interface Visit {
  kind: ObjectKind
  oid: number
  from: Visit | null
  label: string | null
}

/**
 * Follows a view to everything that reading it may run, by object ids. Nothing of it is executed.
 * @param view the object id of the view
 * @param named the functions of the application that may run, such as `public.is_even(integer)`
 */
export async function readCheckReach(
  sql: Sql,
  view: number,
  named: ReadonlySet<string>,
): Promise<CheckReach> {
  const walk = new Walk(sql, named)
  await walk.follow({ kind: 'relation', oid: view, from: null, label: null })
  return {
    refused: [...new Set(walk.refused)],
    functions: [...walk.functions].sort(),
    reads: [...walk.reads].sort(),
  }
}

const OBJECT_KINDS = ['relation', 'operator', 'family', 'opclass', 'type'] as const

/** The state of one walk: what was visited, and what was found. */
class Walk {
  readonly refused: string[] = []
  readonly functions = new Set<string>()
  readonly reads = new Set<string>()
  readonly #visits = new Map<string, Visit>()
  #next: Visit[] = []

  readonly #sql: Sql
  readonly #named: ReadonlySet<string>

  constructor(sql: Sql, named: ReadonlySet<string>) {
    this.#sql = sql
    this.#named = named
  }

  async follow(start: Visit): Promise<void> {
    this.#visit(start)
    while (this.#next.length > 0) {
      const level = this.#next
      this.#next = []
      const of = (kind: ObjectKind) => level.filter((visit) => visit.kind === kind)
      await this.#readFunctions(of('function'))
      for (const kind of OBJECT_KINDS) await this.#readObjects(kind, of(kind))
    }
  }

  #visit(visit: Visit): void {
    const key = `${visit.kind} ${visit.oid}`
    if (this.#visits.has(key)) return
    this.#visits.set(key, visit)
    this.#next.push(visit)
  }

  async #readObjects(kind: Exclude<ObjectKind, 'function'>, visits: Visit[]): Promise<void> {
    if (visits.length === 0) return
    const byOid = new Map(visits.map((visit) => [visit.oid, visit]))
    const rows = await readReached(this.#sql, kind, [...byOid.keys()])
    for (const { from, text } of rows.filter((row) => row.kind === 'label'))
      this.#name(byOid.get(from)!, text!)
    for (const row of rows) {
      const from = byOid.get(row.from)!
      if (row.kind === 'tree') this.#readTree(from, row.text!)
      else if (row.kind === 'fault') this.#refuse(from, row.text!)
      else if (row.kind !== 'label') this.#visit({ kind: row.kind, oid: row.oid!, from, label: null })
    }
  }

  #name(visit: Visit, label: string): void {
    if (visit.from === null) return
    visit.label = label
    if (visit.kind === 'relation' && visit.oid >= FIRST_USER_OID)
      this.reads.add(label.replace(/^.* (?=\S+$)/, ''))
  }

  async #readFunctions(visits: Visit[]): Promise<void> {
    if (visits.length === 0) return
    const byOid = new Map(visits.map((visit) => [visit.oid, visit]))
    for (const found of await readReachedFunctions(this.#sql, [...byOid.keys()])) {
      const visit = byOid.get(found.oid)!
      visit.label = found.builtin ? found.label : `function ${found.label}`
      if (!found.builtin) await this.#readApplicationFunction(visit, found)
      else {
        const reason = findFunctionRefusal(found)
        if (reason !== null) this.#refuse(visit, `it ${reason}`)
      }
    }
  }

  async #readApplicationFunction(visit: Visit, found: ReachedFunction): Promise<void> {
    if (this.#named.has(found.label)) this.functions.add(found.label)
    else this.#refuse(visit, 'bundle.yaml does not name it in checkFunctions')
    for (const reason of findRefusals(found)) this.#refuse(visit, reason)
    for (const tree of found.trees) this.#readTree(visit, tree)
    for (const oid of found.functions) this.#visit({ kind: 'function', oid, from: visit, label: null })
    for (const oid of found.operators) this.#visit({ kind: 'operator', oid, from: visit, label: null })
    for (const oid of found.types) this.#visit({ kind: 'type', oid, from: visit, label: null })
    if (!['sql', 'plpgsql'].includes(found.language) || found.body === '') return
    const { words, faults } = readFunctionBody(found.body)
    for (const fault of faults) this.#refuse(visit, fault)
    for (const { kind, oid } of await readNamedObjects(this.#sql, { body: found.body, words }))
      this.#visit({ kind, oid, from: visit, label: null })
  }

  #readTree(from: Visit, tree: string): void {
    const { faults, functions, operators, families, types, relations } = readRuleTree(tree)
    for (const fault of faults) this.#refuse(from, fault)
    const found: [ObjectKind, number[]][] = [
      ['function', functions],
      ['operator', operators],
      ['family', families],
      ['type', types.filter((oid) => oid >= FIRST_USER_OID)],
      ['relation', relations],
    ]
    for (const [kind, oids] of found) for (const oid of oids) this.#visit({ kind, oid, from, label: null })
  }

  #refuse(visit: Visit, reason: string): void {
    const way: string[] = []
    for (let at: Visit | null = visit; at !== null; at = at.from) if (at.label !== null) way.push(at.label)
    const [what, ...through] = way
    const subject = what === undefined ? '' : `${what}${through.map((one) => `, through ${one}`).join('')}: `
    this.refused.push(`${subject}${reason}`)
  }
}

/** Why a function of the application may not run, whoever names it. */
function findRefusals({
  securityDefiner,
  settings,
  language,
  ofExtension,
  volatility,
}: ReachedFunction): string[] {
  const refused: string[] = []
  if (securityDefiner) refused.push('it runs with the rights of its owner')
  if (settings.some((setting) => !setting.startsWith('search_path='))) refused.push('it changes settings')
  if (['sql', 'plpgsql', 'aggregate'].includes(language)) return refused
  if (language !== 'c' || !ofExtension) refused.push(`it is written in ${language}`)
  else if (volatility !== 'i') refused.push('it is a function of an extension that is not immutable')
  return refused
}
