import { readFile, stat } from 'node:fs/promises'
import { CutterError } from '../../domain/errors.ts'
import { type Answer, inPrivateFolder, runSshKeygen } from './ssh-keygen-process.ts'

/** Long enough to find the hardware key that wants to be touched. */
const timeoutSeconds = 180

/**
 * OpenSSH's armored signature of the text. The key file is a private key, or a public one whose private half an agent
 * holds. Throws INPUT_REFUSED when the key is missing, open to others, or does not sign.
 */
export async function signText(input: { text: string; keyFile: string; namespace: string }): Promise<string> {
  const { text, keyFile, namespace } = input
  await refuseUnusableKey(keyFile)
  const onTerminal = process.stdin.isTTY === true && process.stderr.isTTY === true
  return inPrivateFolder(async (write) => {
    const statement = await write('statement', text)
    const args = ['-Y', 'sign', '-f', keyFile, '-n', namespace, statement]
    const answer = await runSshKeygen({ args, timeoutSeconds, onTerminal })
    if (!answer.ok) throw notSigned(keyFile, answer, onTerminal)
    return readFile(`${statement}.sig`, 'utf8')
  })
}

async function refuseUnusableKey(keyFile: string): Promise<void> {
  const file = await stat(keyFile).catch(() => null)
  if (file === null || !file.isFile()) {
    throw new CutterError('INPUT_REFUSED', `there is no key file at ${keyFile}`, {
      next: 'give the file of your private key, or of a public key (.pub) whose private half your agent holds',
    })
  }
  const isOurs = file.uid === process.getuid?.()
  if (!keyFile.endsWith('.pub') && isOurs && (file.mode & 0o077) !== 0) {
    throw new CutterError(
      'INPUT_REFUSED',
      `others may read the private key ${keyFile}, so OpenSSH does not use it`,
      {
        next: `chmod 600 ${keyFile}`,
      },
    )
  }
}

function notSigned(keyFile: string, answer: Answer, onTerminal: boolean): CutterError {
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
      'its private half is neither beside it nor in an agent',
      'ssh-add <private key>, then sign again',
    )
  }
  const said = answer.stderr.trim().split('\n').at(-1)
  if (onTerminal)
    return failure('ssh-keygen refused, as it says above', 'sign again with a key that OpenSSH can use')
  return failure(`ssh-keygen said: ${said}`, 'sign again with a key that OpenSSH can use')
}
