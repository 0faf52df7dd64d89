import type { Catalogue } from '../../migration/catalogue.ts'
import type { LeftOut } from '../../targets/postgres/restore-dump.ts'

/**
 * What a rehearsal database lacks because only a superuser can create it: code of others must not run with such power. The plan names it,
 * and comparisons with the source leave it out.
 */

/** The kinds of a catalogue for what pg_dump calls by another word. */
const KINDS: { [kind: string]: string } = {
  'FOREIGN DATA WRAPPER': 'foreign-data wrapper',
  'PROCEDURAL LANGUAGE': 'language',
  'PUBLICATION TABLES IN SCHEMA': 'publication',
}

const kindOf = ({ kind }: LeftOut) => KINDS[kind] ?? kind.toLowerCase()

/** Of the objects that a source has and its restored database lacks, those that the restore left out. */
export function findLeftOut(missing: string[], left: LeftOut[]): string[] {
  const kinds = new Set(left.map(kindOf))
  const isOfKind = (name: string) => [...kinds].some((kind) => name.startsWith(`${kind} `))
  const objects = missing.filter(isOfKind)
  // The privileges on an object go with it.
  return missing.filter(
    (name) =>
      objects.includes(name) ||
      (name.startsWith('grant ') && objects.some((one) => name.includes(` on ${one} to `))),
  )
}

/** The kinds of objects that a restore may leave out, so that a rehearsal finds them again without asking the restore. */
const POSSIBLE =
  /^(?:access method|aggregate|cast|event trigger|foreign-data wrapper|function|language|operator class|operator family|procedure|publication|server|text search parser|text search template|transform|type) |^grant execute on /

/** Finds what a freshly restored database lacks of its source. */
export const findMissing = (source: Catalogue, restored: Catalogue): string[] =>
  Object.keys(source.objects).filter((name) => restored.objects[name] === undefined && POSSIBLE.test(name))
