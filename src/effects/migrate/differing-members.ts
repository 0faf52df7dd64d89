import { canonicalJson, type Json } from '../../domain/json.ts'
import type { Definition } from './read-catalogue.ts'

/** The objects of a catalogue that stand for many: see `readCatalogue`. */
export const STANDS_FOR_MANY = /^(?:members of extension|objects in schema) /

/** Names the objects in which two such lists differ: `function app.back() (members of extension plpgsql)`. */
export function nameDifferingMembers(source: Definition[], copy: Definition[]): string[] {
  const names = [...new Set([...source, ...copy].map(({ name }) => name))].filter((name) =>
    STANDS_FOR_MANY.test(name),
  )
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
