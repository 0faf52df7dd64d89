import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Tool } from '../../tools/open-tools.ts'
import { TRUSTED_PATH } from '../../tools/trusted-folders.ts'

const KRL = 'SSHKRL\n\0'
const TIMEOUT_MS = 10_000

/**
 * Finds why a file of RevokedHostKeys forbids a host key: the end of a sentence about the key. Null when it doesn't. The file is a key
 * revocation list (KRL), which ssh-keygen reads, or a list of public keys. As for ssh, a file that can't be read forbids every key.
 * @param blob the key as the server sends it
 */
export async function findRevocation(
  type: string,
  blob: Buffer,
  file: string,
  sshKeygen: Tool,
): Promise<string | null> {
  const content = await readFile(resolve(file)).catch(() => null)
  if (content === null) return `can’t be checked against ${file} (RevokedHostKeys), which can’t be read`
  const key = blob.toString('base64')
  const isRevoked =
    content.subarray(0, KRL.length).toString('latin1') === KRL
      ? await isInRevocationList(`${type} ${key}\n`, file, sshKeygen)
      : content.toString('utf8').split(/\s+/).includes(key)
  return isRevoked ? `is revoked by ${file} (RevokedHostKeys)` : null
}

/** ssh-keygen exits with 0 when the list does not have the key. Any other answer counts as revoked. */
async function isInRevocationList(key: string, list: string, { file, args }: Tool): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'cutter-host-key-'))
  try {
    const keyFile = join(folder, 'key.pub')
    await writeFile(keyFile, key)
    const options = { env: { PATH: TRUSTED_PATH, LC_ALL: 'C' }, timeout: TIMEOUT_MS }
    return await new Promise((done) => {
      execFile(file, [...args, '-Q', '-f', resolve(list), keyFile], options, (error) => done(error !== null))
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
