import type { Vouched } from './refusal.ts'

/** Whether two names may be one person's. */
export type SamePerson = (name: string, other: string) => boolean

/**
 * How many people stand behind some signatures. Two that share a name or a key may be one person's, so a chain of
 * shared names and keys counts once: one key under two names, and one name with two keys, are one.
 */
export function countPeople(signatures: Vouched[], same: SamePerson = isSameName): number {
  let people: Vouched[][] = []
  for (const signature of signatures) {
    const mine = people.filter((person) => person.some((known) => maybeSamePerson(known, signature, same)))
    people = [...people.filter((person) => !mine.includes(person)), [signature, ...mine.flat()]]
  }
  return people.length
}

export function isSameName(one: string, other: string): boolean {
  return one.trim().toLowerCase() === other.trim().toLowerCase()
}

/** Whether two signatures share a name or a key, so that one person may stand behind both. */
export function maybeSamePerson(one: Vouched, other: Vouched, same: SamePerson = isSameName): boolean {
  return one.fingerprint === other.fingerprint || same(one.principal, other.principal)
}
