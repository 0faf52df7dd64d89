import { readFile, stat } from 'node:fs/promises'
import { CutterError } from '../../domain/errors.ts'
import type { Tools } from '../../tools/open-tools.ts'
import { inPrivateFolder, runSshKeygen, type SshKeygenAnswer } from './ssh-keygen-process.ts'

/** Long enough to find and touch a hardware key. */
const timeoutSeconds = 180

/**
 * Signs a text and returns OpenSSH's armored signature. The key file is a private key, or a public key whose private half is in an agent.
 * @throws INPUT_REFUSED when the key is missing, readable by others, or does not sign
 * @param input `tools`: where ssh-keygen is found; left out: in the trusted folders
 * @throws TOOL_MISSING without ssh-keygen
 */
export async function signText(input: {
  text: string
  keyFile: string
  namespace: string
  tools?: Tools | undefined
}): Promise<string> {
  const { text, keyFile, namespace, tools } = input
  await assertUsableKey(keyFile)
  const onTerminal = process.stdin.isTTY === true && process.stderr.isTTY === true
  return inPrivateFolder(async (write) => {
    const statement = write('statement', text)
    const args = ['-Y', 'sign', '-f', keyFile, '-n', namespace, statement]
    const answer = await runSshKeygen({ args, timeoutSeconds, onTerminal, env: process.env, tools })
    if (!answer.ok) throw notSignedError(keyFile, answer, onTerminal)
    return readFile(`${statement}.sig`, 'utf8')
  })
}

async function assertUsableKey(keyFile: string): Promise<void> {
  const file = await stat(keyFile).catch(() => null)
  if (file === null || !file.isFile()) {
    throw new CutterError('INPUT_REFUSED', `there is no key file at ${keyFile}`, {
      next: 'give the file of your private key, or of a public key (.pub) whose private half your agent holds',
    })
  }
  const isOwn = file.uid === process.getuid?.()
  if (!keyFile.endsWith('.pub') && isOwn && (file.mode & 0o077) !== 0) {
    throw new CutterError(
      'INPUT_REFUSED',
      `others may read the private key ${keyFile}, so OpenSSH does not use it; nothing was signed`,
      {
        next: `chmod 600 ${keyFile}`,
      },
    )
  }
}

function notSignedError(keyFile: string, answer: SshKeygenAnswer, onTerminal: boolean): CutterError {
  const failure = (why: string, next: string) =>
    new CutterError('INPUT_REFUSED', `nothing was signed with ${keyFile}: ${why}`, { next })
  if (answer.timedOut)
    return failure(`no answer within ${timeoutSeconds} s`, 'sign again, and touch the key when asked')
  if (/incorrect passphrase/i.test(answer.stderr)) {
    return failure(
      'its passphrase was not given or is wrong',
      `sign on a terminal, or add the key to an agent first: ssh-add ${keyFile}`,
    )
  }
  if (/No private key found/i.test(answer.stderr)) {
    return failure(
      'its private half is neither next to it nor in an agent',
      'ssh-add <private key>, then sign again',
    )
  }
  const lastLine = answer.stderr.trim().split('\n').at(-1)
  if (onTerminal)
    return failure('ssh-keygen refused; its message is above', 'sign again with a key that OpenSSH can use')
  return failure(`ssh-keygen answered: ${lastLine}`, 'sign again with a key that OpenSSH can use')
}
