import { foldName } from '../domain/person-names.ts'
import type { SamePerson, Signer } from './count-people.ts'
import { computeFingerprint, parseAllowedSigners, type SignerLine } from './openssh/allowed-signers.ts'
import { isPattern } from './openssh/openssh-patterns.ts'

/**
 * Finds the people of an allowed_signers file. Names that share a key, and keys that share a name, belong to one person, however long
 * the chain is. A person with a second key under a second name must not count twice.
 *
 * A certificate stands for the person who holds the key in it. Only `signatures` show which key that is, so each of them joins its
 * principal with its key. The key of a `cert-authority` line joins nobody, unless another line lists it as somebody's own key: that person
 * could have made the certificates.
 */
export function findSamePeople(allowedSigners: string, signatures: Signer[] = []): SamePerson {
  const parent = new Map<string, string>()
  const root = (id: string): string => {
    const above = parent.get(id)
    return above === undefined || above === id ? id : root(above)
  }
  const join = (ids: string[]) => {
    for (const id of ids) parent.set(root(id), root(ids[0]!))
  }
  const lines = parseAllowedSigners(allowedSigners)
  const own = new Set(lines.filter((line) => !isAuthority(line)).map(({ key }) => computeFingerprint(key)))
  for (const line of lines) {
    const fingerprint = computeFingerprint(line.key)
    const names = line.principals.filter((name) => !name.startsWith('!') && !isPattern(name))
    if (own.has(fingerprint)) join([idOfKey(fingerprint), ...names.map(idOfName)])
  }
  for (const { principal, fingerprint } of signatures) join([idOfKey(fingerprint), idOfName(principal)])
  return (name, other) => root(idOfName(name)) === root(idOfName(other))
}

/** Tells whether a line lists a key whose certificates count, and not a key that signs. */
export function isAuthority({ options }: SignerLine): boolean {
  return options.some((option) => option.toLowerCase() === 'cert-authority')
}

const idOfKey = (fingerprint: string) => `key ${fingerprint}`
const idOfName = (name: string) => `name ${foldName(name)}`
