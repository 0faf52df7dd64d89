import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Tool } from '../../tools/open-tools.ts'
import { TRUSTED_PATH } from '../../tools/trusted-folders.ts'

/** What a key's file says without its passphrase. */
export interface PublicHalf {
  /** `SHA256:…` */
  fingerprint: string
  /** Whether a security key must be touched to use it. */
  isSecurityKey: boolean
}

const TIMEOUT_MS = 10_000

/**
 * Reads the public half of a key from the file that IdentityFile names, which may be that half itself, or from the file next to it. Only
 * ssh-keygen reads it, because it knows every form. Null when there is none.
 */
export function readPublicHalf(file: string, sshKeygen: Tool): Promise<PublicHalf | null> {
  const found = [file, `${file}.pub`].find((one) => existsSync(one))
  if (found === undefined) return Promise.resolve(null)
  const options = { env: { PATH: TRUSTED_PATH, LC_ALL: 'C' }, timeout: TIMEOUT_MS }
  return new Promise((resolve) => {
    execFile(sshKeygen.file, [...sshKeygen.args, '-l', '-E', 'sha256', '-f', found], options, (_, stdout) => {
      const fingerprint = / (SHA256:\S+) /.exec(stdout)?.[1]
      const isSecurityKey = /-SK\)$/.test(stdout.split('\n')[0]!)
      resolve(fingerprint === undefined ? null : { fingerprint, isSecurityKey })
    })
  })
}
