import { connect } from 'node:net'

/** Of PROTOCOL.agent of OpenSSH. */
const REQUEST_IDENTITIES = Buffer.from([0, 0, 0, 1, 11])
const IDENTITIES_ANSWER = 12
const MAX_ANSWER = 256 * 1024
const TIMEOUT_MS = 5_000

/**
 * Asks an agent for the types of its keys, such as `sk-ssh-ed25519@openssh.com`. The package ssh2 leaves out those that it can't use. An
 * agent that doesn't answer has none.
 */
export async function listAgentKeyTypes(socket: string): Promise<string[]> {
  const answer = await ask(socket).catch(() => null)
  if (answer === null || answer[4] !== IDENTITIES_ANSWER) return []
  try {
    return readTypes(answer)
  } catch {
    return []
  }
}

function ask(path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let answer = Buffer.alloc(0)
    const socket = connect({ path }, () => socket.write(REQUEST_IDENTITIES))
    const fail = (error: Error) => {
      socket.destroy()
      reject(error)
    }
    socket.setTimeout(TIMEOUT_MS, () => fail(new Error('no answer')))
    socket.once('error', fail)
    socket.once('close', () => reject(new Error('closed')))
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk])
      if (answer.length > MAX_ANSWER) return fail(new Error('too long'))
      if (answer.length < 5 || answer.length < 4 + answer.readUInt32BE(0)) return
      resolve(answer)
      socket.destroy()
    })
  })
}

/** @throws RangeError when the answer ends too early. */
function readTypes(answer: Buffer): string[] {
  const types: string[] = []
  let at = 9
  const readBytes = () => {
    const end = at + 4 + answer.readUInt32BE(at)
    const bytes = answer.subarray(at + 4, end)
    at = end
    return bytes
  }
  for (let left = answer.readUInt32BE(5); left > 0; left -= 1) {
    const blob = readBytes()
    readBytes()
    types.push(blob.subarray(4, 4 + blob.readUInt32BE(0)).toString('latin1'))
  }
  return types
}
