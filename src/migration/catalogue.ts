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
}

export interface SchemaDifference {
  added: string[]
  removed: string[]
  changed: string[]
}

export function catalogueOf(rows: { name: string; within: string | null; digest: string }[]): Catalogue {
  const objects: Catalogue['objects'] = {}
  // Two objects of one name would hide each other; overloads carry their arguments, so this is for what we did not think of.
  for (const { name, within, digest } of rows) {
    const twin = objects[name]
    objects[name] =
      twin === undefined ? { digest, within } : { within, digest: [twin.digest, digest].sort().join('+') }
  }
  const digests = Object.fromEntries(Object.entries(objects).map(([name, { digest }]) => [name, digest]))
  return { objects, digest: digestOf(digests) }
}

export function schemaDifference(before: Catalogue, after: Catalogue): SchemaDifference {
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

export const isSame = ({ added, removed, changed }: SchemaDifference) =>
  added.length + removed.length + changed.length === 0

/** `table public.review was added; …`, for messages. */
export function schemaWords(difference: SchemaDifference): string[] {
  return (['added', 'removed', 'changed'] as const).flatMap((how) =>
    difference[how].map((name) => `${name} was ${how}`),
  )
}

export const onlyIn = (these: string[], those: string[]) => these.filter((one) => !those.includes(one))
