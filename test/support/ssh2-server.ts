import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import ssh2, { type ServerChannel, type Session } from 'ssh2'

/**
 * An SSH server for tests on machines without OpenSSH's server. It is the server of ssh2, in a process of its own, for one key of one user.
 * It runs commands by the same shell. It reads its keys as JSON and prints its port.
 */
const { hostKeys, authorized, hook } = JSON.parse(readFileSync(0, 'utf8')) as {
  hostKeys: string[]
  authorized: string
  hook: string | null
}
const allowed = ssh2.utils.parseKey(authorized)
if (allowed instanceof Error) throw allowed

const server = new ssh2.Server({ hostKeys }, (client) => {
  client.on('error', () => undefined)
  client.on('authentication', (asked) => {
    if (asked.method !== 'publickey' || !asked.key.data.equals(allowed.getPublicSSH())) return asked.reject()
    const { blob, signature, hashAlgo } = asked
    if (signature === undefined) return asked.accept()
    return allowed.verify(blob!, signature, hashAlgo) === true ? asked.accept() : asked.reject()
  })
  client.on('ready', () => {
    client.on('session', (accept) => serve(accept()))
    client.on('tcpip', (accept, reject, { destIP, destPort }) => {
      const socket = connect(destPort, destIP, () => {
        const channel = accept()
        socket.pipe(channel).pipe(socket)
        channel.on('error', () => undefined)
      })
      socket.on('error', () => reject())
    })
  })
})
const port = () => (server.address() as AddressInfo).port
server.listen(0, '127.0.0.1', () => console.log(port()))

function serve(session: Session): void {
  session.on('exec', (accept, _reject, { command }) => run(accept(), command))
}

function run(channel: ServerChannel, command: string): void {
  const seen = { SSH_CONNECTION: `127.0.0.1 0 127.0.0.1 ${port()}`, SSH_ORIGINAL_COMMAND: command }
  const child = spawn('/bin/sh', ['-c', hook ?? command], { env: { ...process.env, ...seen } })
  for (const stream of [channel, child.stdin]) stream.on('error', () => undefined)
  channel.pipe(child.stdin)
  child.stdout.pipe(channel, { end: false })
  child.stderr.pipe(channel.stderr, { end: false })
  // As with OpenSSH, a broken connection closes the pipes, and the program keeps running.
  channel.on('close', () => {
    child.stdout.destroy()
    child.stderr.destroy()
  })
  child.on('close', (code, signal) => {
    if (signal === null) channel.exit(code ?? 255)
    else channel.exit(signal.slice(3), false, '')
    channel.end()
  })
}
