import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
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
import { createServer, connect as dial } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { build } from 'esbuild'
import { openRelay } from './connection-relay.ts'

/**
 * An SSH server on loopback for the user who runs the tests, with keys, known_hosts and an ssh config of its own. It is OpenSSH's server
 * where that is installed. A relay in front of it can cut every connection at a moment that the test chooses.
 */
export interface Sshd {
  /** Home of an ssh user whose config has the alias `web`, reached through the relay. */
  home: string
  port: number
  /** The port that the config names. */
  gatePort: number
  path(name: string): string
  /** Rewrites `~/.ssh/config`. The default block of `web` follows the lines. */
  config(lines: string): void
  /** The host's public key, type and base64. */
  hostKey(type?: 'ed25519' | 'ecdsa'): string
  knownHosts(text: string): void
  /** Cuts all connections after this many more bytes to the server. 0 cuts them at once. */
  cutAfter(bytes: number): void
  /** Closes the relay for new connections, or opens it again. */
  shut(closed: boolean): void
  /** Passes nothing on and closes nothing, like a dead network. */
  freeze(): void
  /** What OpenSSH's server has logged. */
  log(): string
  stop(): Promise<void>
}

/** OpenSSH's server where it is installed. Otherwise, or with CUTTER_TEST_SSH=ssh2, the server of ssh2. */
export type Server = 'OpenSSH' | 'ssh2'

/** What Cutter connects with. CUTTER_TEST_THROUGH=ssh makes it ssh in every test that doesn't choose. */
export type Through = 'ssh2' | 'ssh'

/** A setting that only ssh can follow, and that changes nothing else. */
const ONLY_SSH = 'Host *\n  KnownHostsCommand /bin/true\n'

function sshdBinary(): string | null {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin', '/sbin']
  return folders.map((folder) => join(folder, 'sshd')).find((file) => existsSync(file)) ?? null
}

const usual: Server = sshdBinary() === null || process.env.CUTTER_TEST_SSH === 'ssh2' ? 'ssh2' : 'OpenSSH'

interface Who {
  name: string
  uid: number
  gid: number
}

const MYSELF: Who = { ...userInfo(), name: userInfo().username }

/** A user of the machine that runs the tests as root. Elsewhere the tests have no privileges to drop. */
const TEST_USER = 'cutter-test'

/**
 * An unprivileged user whom root can let in, or a string that says why there is none. OpenSSH's server needs a user with a shell; the
 * server of ssh2 runs as nobody.
 */
export function someoneElse(kind: Server): Who | string {
  if (process.getuid?.() !== 0) return 'only root can let somebody else in'
  if (kind === 'ssh2') return { name: MYSELF.name, uid: 65534, gid: 65534 }
  const [uid, gid] = ['-u', '-g'].map(
    (flag) => spawnSync('id', [flag, TEST_USER], { encoding: 'utf8' }).stdout,
  )
  if (!uid) return `there is no user ${TEST_USER} here`
  const shadow = spawnSync('getent', ['shadow', TEST_USER], { encoding: 'utf8' }).stdout
  if (shadow.split(':')[1]?.startsWith('!')) {
    return `the account ${TEST_USER} is locked; OpenSSH lets it in after usermod --password '*' ${TEST_USER}`
  }
  return { name: TEST_USER, uid: Number(uid), gid: Number(gid) }
}

/** Both servers where both exist, so that the tests show that the second behaves like the first. */
export const servers: Server[] = usual === 'OpenSSH' ? ['OpenSSH', 'ssh2'] : ['ssh2']

/** Each server, and both transports where OpenSSH is there. */
export const serversAndTransports: [Server, Through][] = [
  ...servers.map((server): [Server, Through] => [server, 'ssh2']),
  ...(usual === 'OpenSSH' ? [['OpenSSH', 'ssh'] as [Server, Through]] : []),
]

export async function startSshd(
  kind: Server = usual,
  {
    hook: script,
    as = MYSELF,
    settings = [],
    through = process.env.CUTTER_TEST_THROUGH === 'ssh' ? 'ssh' : 'ssh2',
  }: { hook?: string; as?: Who; settings?: string[]; through?: Through } = {},
): Promise<Sshd> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-sshd-')))
  const path = (name: string) => join(home, name)
  mkdirSync(path('.ssh'), { mode: 0o700 })
  for (const type of ['ed25519', 'ecdsa']) keygen(type, path(`host_${type}`))
  keygen('ed25519', path('.ssh/id_test'))
  writeFileSync(path('authorized_keys'), readFileSync(path('.ssh/id_test.pub')))
  // Another user must reach the folders of the host, but not the keys.
  if (as !== MYSELF) chmodSync(home, 0o711)
  // A hook is a script that runs instead of each command, which it finds in SSH_ORIGINAL_COMMAND.
  const hook = script === undefined ? null : path('hook')
  if (hook !== null) writeFileSync(hook, script!, { mode: 0o700 })
  const { port, stop, log } = await (kind === 'OpenSSH'
    ? openssh(path, hook, settings)
    : ssh2Server(path, hook, as === MYSELF ? {} : { uid: as.uid, gid: as.gid }))
  const gate = await openRelay(port)

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
  User ${as.name}
  IdentityFile ~/.ssh/id_test
${through === 'ssh' ? ONLY_SSH : ''}`,
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
    log,
    async stop() {
      gate.close()
      await stop()
      rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
    },
  }
}

interface Started {
  port: number
  log(): string
  stop(): Promise<void>
}

/** With SHLVL set, bash doesn't read the user's .bashrc as for a login by SSH, which may take long. */
async function openssh(
  path: (name: string) => string,
  hook: string | null,
  settings: string[],
): Promise<Started> {
  const port = await freePort()
  writeFileSync(
    path('sshd_config'),
    `${settings.map((line) => `${line}\n`).join('')}Port ${port}
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
SetEnv SHLVL=1
${hook === null ? '' : `ForceCommand ${hook}\n`}`,
  )
  // As root, sshd needs this folder, which only a booted system has.
  if (process.getuid?.() === 0 && !existsSync('/run/sshd')) mkdirSync('/run/sshd', { mode: 0o755 })
  const server = spawn(sshdBinary()!, ['-D', '-e', '-f', path('sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const output: string[] = []
  server.stderr.setEncoding('utf8').on('data', (text: string) => output.push(text))
  const stop = stopping(server)
  await reachable(port, () => server.exitCode, output)
  return { port, stop, log: () => output.join('') }
}

/** Builds the server into one file each time, because its process runs JavaScript and may belong to another user. */
async function ssh2Server(
  path: (name: string) => string,
  hook: string | null,
  as: { uid?: number; gid?: number },
): Promise<Started> {
  const outfile = path('server.cjs')
  await build({
    entryPoints: [join(import.meta.dirname, 'ssh2-server.ts')],
    // ssh2 works without its native parts.
    external: ['*.node', 'cpu-features'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
  })
  const server = spawn(process.execPath, [outfile], { stdio: ['pipe', 'pipe', 'inherit'], cwd: '/', ...as })
  const text = (name: string) => readFileSync(path(name), 'utf8')
  const hostKeys = ['host_ed25519', 'host_ecdsa'].map(text)
  server.stdin.end(JSON.stringify({ hostKeys, authorized: text('.ssh/id_test.pub'), hook }))
  const stop = stopping(server)
  const [line] = await once(createInterface({ input: server.stdout }), 'line')
  return { port: Number(line), stop, log: () => '' }
}

function stopping(server: ChildProcess): () => Promise<void> {
  const ended = new Promise<void>((done) => server.once('exit', () => done()))
  return () => {
    server.kill()
    return ended
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

async function reachable(port: number, exitCode: () => number | null, output: string[]): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (exitCode() !== null) throw new Error(`sshd ended: ${output.join('')}`)
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
  throw new Error(`sshd does not listen: ${output.join('')}`)
}
