import type { Vouched } from './refusal-words.ts'

/**
 * How many people stand behind some signatures. Two that share a name or a key may be one person's, so a chain of
 * shared names and keys counts once: one key under two names, and one name with two keys, are one.
 */
export function countPeople(signatures: Vouched[]): number {
  let people: Vouched[][] = []
  for (const signature of signatures) {
    const same = people.filter((person) => person.some((known) => mayBeOne(known, signature)))
    people = [...people.filter((person) => !same.includes(person)), [signature, ...same.flat()]]
  }
  return people.length
}

export function isSameName(one: string, other: string): boolean {
  return one.trim().toLowerCase() === other.trim().toLowerCase()
}

/** Whether two signatures share a name or a key, so that one person may stand behind both. */
export function mayBeOne(one: Vouched, other: Vouched): boolean {
  return one.fingerprint === other.fingerprint || isSameName(one.principal, other.principal)
}
