import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer, connect as dial, type Socket } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe } from 'vitest'

/**
 * OpenSSH's real server on loopback, as the user who runs the tests and for that user alone, with keys, known_hosts and an ssh config
 * of its own. A gate in front of it can cut every connection, so that tests choose when.
 */
export interface Sshd {
  /** Home of an ssh user whose config has the alias `web`, reached through the gate. */
  home: string
  port: number
  /** The port that the config names. */
  gatePort: number
  path(name: string): string
  /** Rewrites `~/.ssh/config`; the usual block of `web` comes after the lines. */
  config(lines: string): void
  /** The host's public key, type and base64. */
  hostKey(type?: 'ed25519' | 'ecdsa'): string
  knownHosts(text: string): void
  /** Cuts all connections once so many more bytes have gone to the server; 0 cuts at once. */
  cutAfter(bytes: number): void
  /** Closes the gate for new connections, or opens it again. */
  shut(closed: boolean): void
  /** Lets nothing more through, and closes nothing: how a dead network looks. */
  freeze(): void
  stop(): Promise<void>
}

export function sshdBinary(): string | null {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin', '/sbin']
  return folders.map((folder) => join(folder, 'sshd')).find((file) => existsSync(file)) ?? null
}

/** `describe` where OpenSSH's server is installed; elsewhere the suite is skipped by name, with the reason printed. */
export function describeWithSshd(name: string, suite: () => void): void {
  if (sshdBinary() !== null) describe(name, suite)
  else {
    console.log(`skipped: ${name}: there is no sshd on this machine`)
    describe.skip(`${name} (skipped: no sshd)`, suite)
  }
}

export async function startSshd(): Promise<Sshd> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-sshd-')))
  const path = (name: string) => join(home, name)
  mkdirSync(path('.ssh'), { mode: 0o700 })
  for (const type of ['ed25519', 'ecdsa']) keygen(type, path(`host_${type}`))
  keygen('ed25519', path('.ssh/id_test'))
  writeFileSync(path('authorized_keys'), readFileSync(path('.ssh/id_test.pub')))
  const port = await freePort()
  writeFileSync(
    path('sshd_config'),
    `Port ${port}
ListenAddress 127.0.0.1
HostKey ${path('host_ed25519')}
HostKey ${path('host_ecdsa')}
AuthorizedKeysFile ${path('authorized_keys')}
PidFile none
StrictModes no
UsePAM no
UseDNS no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
Subsystem sftp internal-sftp
`,
  )
  // As root sshd wants this folder, which only a booted system has.
  if (process.getuid?.() === 0 && !existsSync('/run/sshd')) mkdirSync('/run/sshd', { mode: 0o755 })
  const server = spawn(sshdBinary()!, ['-D', '-e', '-f', path('sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const said: string[] = []
  server.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text))
  const ended = new Promise((done) => server.once('exit', done))
  await reachable(port, () => server.exitCode, said)
  const gate = await openGate(port)

  const hostKey = (type = 'ed25519') =>
    readFileSync(path(`host_${type}.pub`), 'utf8')
      .split(' ')
      .slice(0, 2)
      .join(' ')
  const config = (lines: string) =>
    writeFileSync(
      path('.ssh/config'),
      `${lines}
Host web
  HostName 127.0.0.1
  Port ${gate.port}
  User ${userInfo().username}
  IdentityFile ~/.ssh/id_test
`,
      { mode: 0o600 },
    )
  const knownHosts = (text: string) => writeFileSync(path('.ssh/known_hosts'), text)
  config('')
  knownHosts(`[127.0.0.1]:${gate.port} ${hostKey()}\n[127.0.0.1]:${port} ${hostKey()}\n`)
  return {
    home,
    port,
    gatePort: gate.port,
    path,
    config,
    hostKey,
    knownHosts,
    cutAfter: gate.cutAfter,
    shut: gate.shut,
    freeze: gate.freeze,
    async stop() {
      gate.close()
      server.kill()
      await ended
      rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
    },
  }
}

function keygen(type: string, file: string): void {
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', 'test', '-f', file])
  chmodSync(file, 0o600)
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

async function reachable(port: number, exitCode: () => number | null, said: string[]): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (exitCode() !== null) throw new Error(`sshd ended: ${said.join('')}`)
    const open = await new Promise<boolean>((resolve) => {
      const socket = dial(port, '127.0.0.1', () => {
        socket.destroy()
        resolve(true)
      })
      socket.once('error', () => resolve(false))
    })
    if (open) return
    await wait(25)
  }
  throw new Error(`sshd does not listen: ${said.join('')}`)
}

/** A relay in front of the server. */
async function openGate(to: number) {
  const sockets = new Set<Socket>()
  let left = Number.POSITIVE_INFINITY
  let closed = false
  const cut = () => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
    left = Number.POSITIVE_INFINITY
  }
  const server = createServer((client) => {
    if (closed) return client.destroy()
    const upstream = dial(to, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.end()
      })
    }
    client.on('data', (chunk: Buffer) => {
      upstream.write(chunk.subarray(0, Math.min(chunk.length, left)))
      left -= chunk.length
      if (left <= 0) cut()
    })
    upstream.pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    cutAfter(bytes: number) {
      if (bytes === 0) cut()
      else left = bytes
    },
    freeze() {
      for (const socket of sockets) {
        socket.removeAllListeners('data')
        socket.unpipe()
        socket.pause()
      }
    },
    shut(now: boolean) {
      closed = now
    },
    close() {
      cut()
      server.close()
    },
  }
}
