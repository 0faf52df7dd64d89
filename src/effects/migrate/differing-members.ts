import type { EffectContext } from '../../domain/effect.ts'
import { canonicalJson, type Json } from '../../domain/json.ts'
import type { SchemaDifference } from '../../migration/catalogue.ts'
import type { MigrationDatabase } from '../../targets/postgres/migration-database.ts'
import { type Definition, readDefinitions } from './read-catalogue.ts'

/** The objects of a catalogue that stand for many: see `readCatalogue`. */
const STANDS_FOR_MANY = /^(?:members of extension|objects in schema) /

/**
 * Names what differs within the objects that stand for many: `function app.back() (members of extension plpgsql)`.
 * @param databases the source and its copy
 */
export async function readDifferingMembers(
  context: EffectContext,
  { added, removed, changed }: SchemaDifference,
  [source, copy]: [MigrationDatabase, MigrationDatabase],
): Promise<string[]> {
  const names = [...added, ...removed, ...changed].filter((name) => STANDS_FOR_MANY.test(name))
  if (names.length === 0) return []
  const read = (database: MigrationDatabase) => database.read(context, (sql) => readDefinitions(sql, names))
  return nameDifferingMembers(names, await read(source), await read(copy))
}

function nameDifferingMembers(names: string[], source: Definition[], copy: Definition[]): string[] {
  return names.flatMap((name) => {
    const [one, other] = [source, copy].map((found) => membersOf(found.find((item) => item.name === name)))
    const all = [...new Set([...one!.keys(), ...other!.keys()])]
    return all
      .filter((member) => one!.get(member) !== other!.get(member))
      .map((member) => `${member} (${name})`)
  })
}

function membersOf(definition: Definition | undefined): Map<string, string> {
  const list = Array.isArray(definition?.facts) ? definition.facts : []
  return new Map(
    list.map((member) => {
      const [type, identity, facts] = member as [string, string, Json]
      return [`${type} ${identity}`, canonicalJson(facts)]
    }),
  )
}
