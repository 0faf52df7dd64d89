import { isSameName } from '../domain/person-names.ts'
import type { Vouched } from './approval-case.ts'

/** Tells whether two names may belong to one person. */
export type SamePerson = (name: string, other: string) => boolean

/** A principal with the key that signed. */
export type Signer = Pick<Vouched, 'principal' | 'fingerprint'>

/**
 * Counts the people behind some signatures. Two signatures that share a name or a key may be by one person, so a chain of shared names and
 * keys counts once.
 */
export function countPeople(signatures: Signer[], isSamePerson: SamePerson = isSameName): number {
  let people: Signer[][] = []
  for (const signature of signatures) {
    const mine = people.filter((person) =>
      person.some((known) => maybeSamePerson(known, signature, isSamePerson)),
    )
    people = [...people.filter((person) => !mine.includes(person)), [signature, ...mine.flat()]]
  }
  return people.length
}

/** Tells whether two signatures share a name or a key, so that they may be by one person. */
export function maybeSamePerson(one: Signer, other: Signer, isSamePerson: SamePerson = isSameName): boolean {
  return one.fingerprint === other.fingerprint || isSamePerson(one.principal, other.principal)
}
