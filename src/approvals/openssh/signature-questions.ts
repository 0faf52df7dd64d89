import { CutterError } from '../../domain/errors.ts'
import type { Tools } from '../../tools/open-tools.ts'
import { runSshKeygen, type SshKeygenAnswer, type WriteFileInFolder } from './ssh-keygen-process.ts'

/**
 * The questions to OpenSSH about one signature. Its messages do not separate the cases reliably, so each fact is a question of its
 * own, and the exit code alone is the answer.
 */
export interface Questions {
  /** Finds the key that made the signature. Null when the signature does not match the text and the namespace. */
  signingKey(): Promise<SigningKey | null>
  /** Tells whether the principal may sign with that key at that time, and whether the key is absent from `revoked`, if given. */
  verifies(asked: VerifyQuestion): Promise<boolean>
  /** Asks the same, and finds the key. Null when one of these facts does not hold. */
  verifiedKey(asked: VerifyQuestion): Promise<SigningKey | null>
  /** Finds the principals of the first line that lists the key, without regard to namespaces. */
  principalsOfKey(signers: string | Uint8Array, at: Date): Promise<string[]>
}

/** A text with its armored signature for a namespace. */
export interface Signed {
  text: string
  signature: string
  namespace: string
  /** Where ssh-keygen is found. Left out: in the trusted folders. */
  tools?: Tools | undefined
}

/** The key that made a signature. */
export interface SigningKey {
  /** `SHA256:…` as `ssh-keygen -l` prints it; for a certificate, the fingerprint of the key in it. */
  fingerprint: string
  keyType: string
}

/** Whether a principal signed with a key that counts then. */
export interface VerifyQuestion {
  signers: string | Uint8Array
  principal: string
  at: Date
  revoked?: Uint8Array
}

const timeoutSeconds = 30

/** Prepares questions about a signature. `write` puts text and signature into a folder that must exist until the last question. */
export function askAboutSignature(signed: Signed, write: WriteFileInFolder): Questions {
  const stdinFile = write('statement', signed.text)
  const about = ['-s', write('signature', signed.signature)]
  const inNamespace = ['-n', signed.namespace]
  const ask = (args: string[]) => askSshKeygen(args, stdinFile, signed.tools)
  const verify = async ({ signers, principal, at, revoked }: VerifyQuestion) => {
    const by = ['-f', write('allowed_signers', signers), '-I', principal, verifyTime(at)]
    const except = revoked === undefined ? [] : ['-r', write('revoked_keys', revoked)]
    return ask(['-Y', 'verify', ...inNamespace, ...about, ...by, ...except])
  }

  return {
    signingKey: async () => keyIn(await ask(['-Y', 'check-novalidate', ...inNamespace, ...about])),
    verifies: async (asked) => (await verify(asked)).ok,
    verifiedKey: async (asked) => keyIn(await verify(asked)),

    async principalsOfKey(signers, at) {
      const by = ['-f', write('allowed_signers', signers), verifyTime(at)]
      const answer = await ask(['-Y', 'find-principals', ...about, ...by])
      return answer.ok ? answer.stdout.split('\n').filter((name) => name !== '') : []
    },
  }
}

/** The key that an answer names at its end, after a principal if there is one. */
function keyIn({ ok, stdout }: SshKeygenAnswer): SigningKey | null {
  const found = / with (\S+) key (SHA256:\S+)\s*$/.exec(stdout)
  return ok && found !== null ? { keyType: found[1]!, fingerprint: found[2]! } : null
}

async function askSshKeygen(
  args: string[],
  stdinFile: string,
  tools: Tools | undefined,
): Promise<SshKeygenAnswer> {
  const answer = await runSshKeygen({ args, stdinFile, timeoutSeconds, tools })
  if (answer.timedOut)
    throw new CutterError('INTERNAL', `ssh-keygen ${args[1]} did not answer within ${timeoutSeconds} s`)
  return answer
}

/** Formats a time without the Z for UTC, which OpenSSH reads since 9.1 only. ssh-keygen runs with TZ=UTC. */
function verifyTime(at: Date): string {
  return `-Overify-time=${at.toISOString().slice(0, 19).replace(/[-:T]/g, '')}`
}
