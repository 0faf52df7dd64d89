import { CutterError } from '../../domain/errors.ts'
import { type Answer, runSshKeygen, type WriteFileInFolder } from './ssh-keygen-process.ts'

/**
 * What can be asked of OpenSSH about one signature. Its messages tell nothing reliable apart, so each fact is a
 * question of its own, answered by the exit code alone.
 */
export interface Questions {
  /** The key that made a good signature of the text for the namespace; null when it is no such signature. */
  signingKey(): Promise<SigningKey | null>
  /** Whether the principal may sign so with that key at that time, and, if asked with `revoked`, still may. */
  verifies(asked: VerifyQuestion): Promise<boolean>
  /** The principals of the first line that lists the key, whatever the namespaces there. */
  principalsOfKey(signers: string | Uint8Array, at: Date): Promise<string[]>
}

export interface Signed {
  text: string
  signature: string
  namespace: string
}

export interface SigningKey {
  /** `SHA256:…` as `ssh-keygen -l` prints it; of a certificate, that of the key in it. */
  fingerprint: string
  keyType: string
}

export interface VerifyQuestion {
  signers: string | Uint8Array
  principal: string
  at: Date
  revoked?: Uint8Array
}

const timeoutSeconds = 30

/** Writes text and signature by `write`, into a folder that has to outlive the questions. */
export async function askAboutSignature(signed: Signed, write: WriteFileInFolder): Promise<Questions> {
  const stdinFile = await write('statement', signed.text)
  const about = ['-s', await write('signature', signed.signature)]
  const inNamespace = ['-n', signed.namespace]

  return {
    async signingKey() {
      const answer = await ask(['-Y', 'check-novalidate', ...inNamespace, ...about], stdinFile)
      const found = /signature with (\S+) key (SHA256:\S+)\s*$/.exec(answer.stdout)
      return answer.ok && found !== null ? { keyType: found[1]!, fingerprint: found[2]! } : null
    },

    async verifies({ signers, principal, at, revoked }) {
      const by = ['-f', await write('allowed_signers', signers), '-I', principal, verifyTime(at)]
      const except = revoked === undefined ? [] : ['-r', await write('revoked_keys', revoked)]
      return (await ask(['-Y', 'verify', ...inNamespace, ...about, ...by, ...except], stdinFile)).ok
    },

    async principalsOfKey(signers, at) {
      const by = ['-f', await write('allowed_signers', signers), verifyTime(at)]
      const answer = await ask(['-Y', 'find-principals', ...about, ...by], stdinFile)
      return answer.ok ? answer.stdout.split('\n').filter((name) => name !== '') : []
    },
  }
}

async function ask(args: string[], stdinFile: string): Promise<Answer> {
  const answer = await runSshKeygen({ args, stdinFile, timeoutSeconds })
  if (answer.timedOut)
    throw new CutterError('INTERNAL', `ssh-keygen ${args[1]} gave no answer in ${timeoutSeconds} s`)
  return answer
}

/** Without the Z for UTC, which OpenSSH reads since 9.1 only: ssh-keygen runs with TZ=UTC. */
function verifyTime(at: Date): string {
  return `-Overify-time=${at.toISOString().slice(0, 19).replace(/[-:T]/g, '')}`
}
