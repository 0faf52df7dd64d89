import { spawn } from 'node:child_process'
import {
  closeSync,
  fchmodSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  type Stats,
  writeSync,
} from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import ssh2, { type ServerChannel, type Session, type SFTPWrapper } from 'ssh2'

/**
 * An SSH server for tests on machines without OpenSSH's server. It is the server of ssh2, in a process of its own, for one key of one user.
 * It runs commands by the same shell and supports the part of SFTP that Cutter uses. It reads its keys as JSON and prints its port.
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
  session.on('sftp', (accept) => files(accept()))
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

const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp

function files(sftp: SFTPWrapper): void {
  const answering = (id: number, work: () => void) => {
    try {
      work()
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      sftp.status(id, code === 'ENOENT' ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE, code ?? '')
    }
  }
  const done = (id: number) => sftp.status(id, STATUS_CODE.OK)
  const handleOf = (fd: number) => Buffer.from([fd])
  sftp.on('OPEN', (id, path, flags, { mode = 0o666 }) =>
    answering(id, () => {
      const fd = openSync(path, ssh2.utils.sftp.flagsToString(flags) ?? 'r', mode)
      if ((flags & OPEN_MODE.CREAT) !== 0) fchmodSync(fd, mode)
      sftp.handle(id, handleOf(fd))
    }),
  )
  sftp.on('WRITE', (id, handle, offset, data) =>
    answering(id, () => {
      writeSync(handle[0]!, data, 0, data.length, offset)
      done(id)
    }),
  )
  sftp.on('CLOSE', (id, handle) =>
    answering(id, () => {
      closeSync(handle[0]!)
      done(id)
    }),
  )
  sftp.on('LSTAT', (id, path) => answering(id, () => sftp.attrs(id, attributes(lstatSync(path)))))
  sftp.on('READLINK', (id, path) =>
    answering(id, () => sftp.name(id, [{ filename: readlinkSync(path), longname: '', attrs: attributes() }])),
  )
}

function attributes(found?: Stats) {
  const { mode = 0, uid = 0, gid = 0, size = 0, atimeMs = 0, mtimeMs = 0 } = found ?? {}
  return { mode, uid, gid, size, atime: Math.floor(atimeMs / 1000), mtime: Math.floor(mtimeMs / 1000) }
}
