import { readFile } from 'node:fs/promises'
import { inPrivateFolder, runSshKeygen } from './ssh-keygen-process.ts'

const KRL = 'SSHKRL\n\0'
const timeoutSeconds = 10

/**
 * Those of the public keys (`type blob`) that the file revokes; all of them when it can't be read. A key revocation list is
 * OpenSSH's to read; else the file is a list of public keys.
 */
export async function findRevokedKeys(keys: string[], revokedKeys: string): Promise<Set<string>> {
  const file = await readFile(revokedKeys).catch(() => null)
  if (file === null) return new Set(keys)
  if (file.subarray(0, KRL.length).toString('latin1') === KRL) return revokedByList(keys, revokedKeys)
  const listed = new Set(file.toString('utf8').split(/\s+/))
  return new Set(keys.filter((key) => listed.has(key.split(' ')[1]!)))
}

function revokedByList(keys: string[], list: string): Promise<Set<string>> {
  return inPrivateFolder(async (write) => {
    const revoked = new Set<string>()
    for (const key of keys) {
      const args = ['-Q', '-f', list, await write('key.pub', `${key}\n`)]
      if (!(await runSshKeygen({ args, timeoutSeconds })).ok) revoked.add(key)
    }
    return revoked
  })
}
