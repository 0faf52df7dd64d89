import { readFile } from 'node:fs/promises'
import type { Tools } from '../../tools/open-tools.ts'
import { inPrivateFolder, runSshKeygen } from './ssh-keygen-process.ts'

const KRL = 'SSHKRL\n\0'
const timeoutSeconds = 10

/**
 * Finds those of the public keys (`type blob`) that a file revokes. A file that cannot be read revokes all of them. ssh-keygen reads a key
 * revocation list (KRL); any other file is a list of public keys.
 * @throws TOOL_MISSING for a KRL without ssh-keygen
 */
export async function findRevokedKeys(
  keys: string[],
  revokedKeys: string,
  tools?: Tools,
): Promise<Set<string>> {
  const file = await readFile(revokedKeys).catch(() => null)
  if (file === null) return new Set(keys)
  if (file.subarray(0, KRL.length).toString('latin1') === KRL) return revokedByList(keys, revokedKeys, tools)
  const listed = new Set(file.toString('utf8').split(/\s+/))
  return new Set(keys.filter((key) => listed.has(key.split(' ')[1]!)))
}

function revokedByList(keys: string[], list: string, tools?: Tools): Promise<Set<string>> {
  return inPrivateFolder(async (write) => {
    const revoked = new Set<string>()
    for (const key of keys) {
      const args = ['-Q', '-f', list, write('key.pub', `${key}\n`)]
      if (!(await runSshKeygen({ args, timeoutSeconds, tools })).ok) revoked.add(key)
    }
    return revoked
  })
}
