import { digestOf } from '../domain/json.ts'

/**
 * The schema of a database: each object by a name that a person can write (`table public.unit`, `column public.unit.state`, `index
 * public.unit_state`) with the digest of its definition. It holds no oids, so that a rehearsal database has the same catalogue.
 */
export interface Catalogue {
  objects: { [name: string]: CatalogueObject }
  digest: string
}

/** An object of a schema, by the digest of its definition. */
export interface CatalogueObject {
  digest: string
  /** The table of which it is a part. A part of a new or dropped table is not counted by itself. */
  within: string | null
  /** The relation (`public.unit`) or schema that it is or concerns; null where it may concern the entire database. */
  about: string | null
}

/** The names of the objects in which two catalogues differ. */
export interface SchemaDifference {
  added: string[]
  removed: string[]
  changed: string[]
}

/** Builds a catalogue from the rows of the server. */
export function buildCatalogue(rows: ({ name: string } & CatalogueObject)[]): Catalogue {
  const objects: Catalogue['objects'] = {}
  // Two objects of one name would hide each other. Functions carry their arguments, so this is a safeguard for other kinds.
  for (const { name, within, about, digest } of rows) {
    const twin = objects[name]
    const both = twin === undefined ? digest : [twin.digest, digest].sort().join('+')
    objects[name] = { digest: both, within, about }
  }
  return catalogueOf(objects)
}

const digestOfObjects = (objects: Catalogue['objects']) =>
  digestOf(Object.fromEntries(Object.entries(objects).map(([name, { digest }]) => [name, digest])))

/**
 * Reduces a catalogue to what a script that touches these relations and schemas depends on: the relations themselves, every
 * relation of the same name in another schema, and all objects that concern no relation, such as functions and types.
 */
export function scopeCatalogue(touches: string[], { objects }: Catalogue): Catalogue {
  const names = new Set(touches.flatMap((one) => [one, nameIn(one)]))
  const kept = Object.entries(objects).filter(
    ([, { about }]) =>
      about === null || names.has(about) || (about.includes('.') && names.has(nameIn(about))),
  )
  const scoped = Object.fromEntries(kept)
  return catalogueOf(scoped)
}

/** A catalogue without objects of these names. */
export const withoutObjects = (names: readonly string[], { objects }: Catalogue): Catalogue =>
  catalogueOf(Object.fromEntries(Object.entries(objects).filter(([name]) => !names.includes(name))))

/** A catalogue in which some objects have these digests. */
export const withDigests = (digests: { [name: string]: string }, { objects }: Catalogue): Catalogue =>
  catalogueOf(
    Object.fromEntries(
      Object.entries(objects).map(([name, object]) => [
        name,
        { ...object, digest: digests[name] ?? object.digest },
      ]),
    ),
  )

/**
 * Writes a catalogue of a copy as its source would have it: whatever still is as it was when the copy was made has the source's own
 * definition, which the server may have written differently, or is missing where the source has none.
 * @param at the catalogues of source and copy when the copy was made
 */
export function asInSource(at: { source: Catalogue; copy: Catalogue }, { objects }: Catalogue): Catalogue {
  const found = { ...objects }
  for (const name of differentObjects(at.source, at.copy)) {
    if (objects[name]?.digest !== at.copy.objects[name]?.digest) continue
    const own = at.source.objects[name]
    if (own === undefined) delete found[name]
    else found[name] = own
  }
  return catalogueOf(found)
}

/** The names of all objects that two catalogues have differently, or of which one has none. */
export const differentObjects = (one: Catalogue, other: Catalogue): string[] =>
  [...new Set([...Object.keys(one.objects), ...Object.keys(other.objects)])]
    .filter((name) => one.objects[name]?.digest !== other.objects[name]?.digest)
    .sort()

const catalogueOf = (objects: Catalogue['objects']): Catalogue => ({
  objects,
  digest: digestOfObjects(objects),
})

/** The name of a relation without its schema: `unit` of `public.unit`. */
const nameIn = (relation: string) => relation.slice(relation.indexOf('.') + 1)

/** Compares two catalogues. The parts of a new or dropped table are left out, except that changed parts are always named. */
export function compareSchemas(before: Catalogue, after: Catalogue): SchemaDifference {
  const was = before.objects
  const is = after.objects
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

/**
 * Digest of the definitions that were added or changed, with the parts of new tables, which a difference does not name.
 * @param apart names of objects that are compared by themselves
 */
export function digestMadeDefinitions(
  before: Catalogue,
  after: Catalogue,
  apart: readonly string[] = [],
): string {
  const made = Object.entries(after.objects).filter(
    ([name, { digest }]) => before.objects[name]?.digest !== digest && !apart.includes(name),
  )
  return digestOfObjects(Object.fromEntries(made))
}

/** What must be done to a catalogue to have another. */
export interface CataloguePatch {
  made: Catalogue['objects']
  gone: string[]
}

/** How a catalogue became another, with the parts of new tables. */
export function patchBetween(before: Catalogue, after: Catalogue): CataloguePatch {
  const made = Object.entries(after.objects).filter(
    ([name, { digest }]) => before.objects[name]?.digest !== digest,
  )
  const gone = Object.keys(before.objects).filter((name) => after.objects[name] === undefined)
  return { made: Object.fromEntries(made), gone }
}

/** A catalogue with patches, in their order. */
export const withPatches = (patches: CataloguePatch[], { objects }: Catalogue): Catalogue => {
  const found = { ...objects }
  for (const { made, gone } of patches) {
    Object.assign(found, made)
    for (const name of gone) delete found[name]
  }
  return catalogueOf(found)
}

/** Whether two catalogues have no difference. */
export const isEmptyDifference = ({ added, removed, changed }: SchemaDifference) =>
  added.length + removed.length + changed.length === 0

/** Describes each difference for messages: `table public.review was added`. */
export function describeSchemaDifference(difference: SchemaDifference): string[] {
  return (['added', 'removed', 'changed'] as const).flatMap((how) =>
    difference[how].map((name) => `${name} was ${how}`),
  )
}

/** Returns the items of the first list that the second lacks. */
export const onlyIn = (these: string[], those: string[]) => these.filter((one) => !those.includes(one))
