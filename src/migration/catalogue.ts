import { digestOf } from '../domain/json.ts'

/**
 * A database's schema as its catalogue has it: each object by a name that a person can write (`table public.unit`, `column
 * public.unit.state`, `index public.unit_state`) with the digest of its definition. No oids, so that it comes out the same on
 * a copy.
 */
export interface Catalogue {
  objects: { [name: string]: CatalogueObject }
  digest: string
}

export interface CatalogueObject {
  digest: string
  /** The table whose part it is: with a new or dropped table it is not counted by itself. */
  within: string | null
  /** The relation (`public.unit`) or schema that it is, or is about; null where it may concern whatever is in the database. */
  about: string | null
}

export interface SchemaDifference {
  added: string[]
  removed: string[]
  changed: string[]
}

export function buildCatalogue(rows: ({ name: string } & CatalogueObject)[]): Catalogue {
  const objects: Catalogue['objects'] = {}
  // Two objects of one name would hide each other; overloads carry their arguments, so this is for what we did not think of.
  for (const { name, within, about, digest } of rows) {
    const twin = objects[name]
    const both = twin === undefined ? digest : [twin.digest, digest].sort().join('+')
    objects[name] = { digest: both, within, about }
  }
  return { objects, digest: digestOfObjects(objects) }
}

const digestOfObjects = (objects: Catalogue['objects']) =>
  digestOf(Object.fromEntries(Object.entries(objects).map(([name, { digest }]) => [name, digest])))

/**
 * What a script that touches these relations and schemas depends on: they, everything that bears the name of one of them
 * elsewhere, and whatever is about no relation, such as functions and types.
 */
export function scopeCatalogue(touches: string[], { objects }: Catalogue): Catalogue {
  const names = new Set(touches.flatMap((one) => [one, nameIn(one)]))
  const kept = Object.entries(objects).filter(
    ([, { about }]) =>
      about === null || names.has(about) || (about.includes('.') && names.has(nameIn(about))),
  )
  const scoped = Object.fromEntries(kept)
  return { objects: scoped, digest: digestOfObjects(scoped) }
}

/** `unit` of `public.unit`. */
const nameIn = (relation: string) => relation.slice(relation.indexOf('.') + 1)

export function compareSchemas(before: Catalogue, after: Catalogue): SchemaDifference {
  const [was, is] = [before.objects, after.objects]
  const added = new Set(Object.keys(is).filter((name) => was[name] === undefined))
  const removed = new Set(Object.keys(was).filter((name) => is[name] === undefined))
  const alone = (names: Set<string>, objects: Catalogue['objects']) =>
    [...names].filter((name) => !names.has(objects[name]!.within ?? '')).sort()
  return {
    added: alone(added, is),
    removed: alone(removed, was),
    changed: Object.keys(is)
      .filter((name) => was[name] !== undefined && was[name].digest !== is[name]!.digest)
      .sort(),
  }
}

/** What was added or changed, by its definitions: also the parts of new tables, which a difference does not name. */
export function digestMadeDefinitions(before: Catalogue, after: Catalogue): string {
  const made = Object.entries(after.objects).filter(
    ([name, { digest }]) => before.objects[name]?.digest !== digest,
  )
  return digestOfObjects(Object.fromEntries(made))
}

export const isEmptyDifference = ({ added, removed, changed }: SchemaDifference) =>
  added.length + removed.length + changed.length === 0

/** `table public.review was added; …`, for messages. */
export function describeSchemaDifference(difference: SchemaDifference): string[] {
  return (['added', 'removed', 'changed'] as const).flatMap((how) =>
    difference[how].map((name) => `${name} was ${how}`),
  )
}

export const onlyIn = (these: string[], those: string[]) => these.filter((one) => !those.includes(one))
