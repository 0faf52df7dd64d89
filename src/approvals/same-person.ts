import { foldName } from '../domain/person-names.ts'
import type { SamePerson } from './count-people.ts'
import { parseAllowedSigners } from './openssh/allowed-signers.ts'
import { isPattern } from './openssh/openssh-patterns.ts'

/**
 * Finds the people of an allowed_signers file. Names that share a key, and keys that share a name, belong to one person, however long
 * the chain is. A person with a second key under a second name must not count twice.
 */
export function findSamePeople(allowedSigners: string): SamePerson {
  const parent = new Map<string, string>()
  const root = (id: string): string => {
    const above = parent.get(id)
    return above === undefined || above === id ? id : root(above)
  }
  for (const { principals, key } of parseAllowedSigners(allowedSigners)) {
    const names = principals.filter((name) => !name.startsWith('!') && !isPattern(name))
    const ids = [`key ${key.split(/\s+/)[1]}`, ...names.map(idOfName)]
    for (const id of ids) parent.set(root(id), root(ids[0]!))
  }
  return (name, other) => root(idOfName(name)) === root(idOfName(other))
}

const idOfName = (name: string) => `name ${foldName(name)}`
