import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Stop } from '../../domain/errors.ts'
import type { Tool } from '../../tools/open-tools.ts'
import { findSsh, includeConfigOf, isHomeOfPasswordFile, type SshUser } from './ask-ssh.ts'
import { findShownKey, loginFault } from './control-faults.ts'
import { readRoute } from './jump-hosts.ts'
import { findSshKeygen, type HostKey } from './known-hosts.ts'
import type { SshSettings } from './ssh-settings.ts'

/** A connection that the system's ssh keeps (ControlMaster of ssh_config(5)). Other calls of ssh open sessions over its socket. */
export interface ControlConnection {
  ssh: Tool
  env: NodeJS.ProcessEnv
  /** A folder that only this user can enter. It goes when ssh has ended. */
  folder: string
  socket: string
  hostKey: HostKey
  isOpen(): boolean
  /** Calls once when ssh has ended. Returns a function that forgets it. */
  onLost(call: () => void): () => void
  close(): void
}

/** What no configuration may change: only known keys are accepted, nobody is asked, nothing is forwarded. It holds for jump hosts too. */
const FIXED = {
  BatchMode: 'yes',
  StrictHostKeyChecking: 'yes',
  UpdateHostKeys: 'no',
  VerifyHostKeyDNS: 'no',
  NoHostAuthenticationForLocalhost: 'no',
  AddKeysToAgent: 'no',
  ClearAllForwardings: 'yes',
  ForwardAgent: 'no',
  ForwardX11: 'no',
  Tunnel: 'no',
  PermitLocalCommand: 'no',
  ControlPersist: 'no',
  ServerAliveInterval: '5',
  ServerAliveCountMax: '3',
}

/**
 * Runs ssh, and ends it when standard input closes: by `close`, or because Cutter has ended, whatever ended it. Nothing of ssh stays then,
 * and the folder of its socket goes.
 */
const GUARD = `folder=$1; shift
exec 3<&0 </dev/null
"$@" 3<&- &
ssh=$!
{ read -r line <&3; kill "$ssh"; sleep 5; kill -KILL "$ssh"; } 2>/dev/null &
guard=$!
exec 3<&-
wait "$ssh"; code=$?
kill "$guard" 2>/dev/null
rm -rf -- "$folder"
exit "$code"`

/** ssh limits the time until keys are exchanged. A security key may have to be touched after that. */
const LOGIN_MS = 60_000
const POLL_MS = 10
const MAX_LOG = 256 * 1024

/**
 * Logs in with the system's ssh, which asks nobody for a password.
 * @throws STOP_HOST_UNREACHABLE, STOP_HOST_REFUSED, STOP_HOST_KEY_UNKNOWN or STOP_HOST_KEY_CHANGED when it can't; no command was sent then.
 */
export async function openControlConnection(
  settings: SshSettings,
  user: SshUser,
  signal: AbortSignal,
): Promise<ControlConnection> {
  if (signal.aborted) throw interruptedStop()
  const ssh = findSsh(user.tools)
  const env = { ...user.env, SSH_ASKPASS_REQUIRE: 'never' }
  const sshKeygen = findSshKeygen(user.tools)
  const route = await readRoute(settings, user, signal)
  const folder = await makeFolder()
  const socket = join(folder, 's')
  let child: ChildProcess
  try {
    const args = await listArguments(route, user, folder, socket)
    const command = ['-c', GUARD, 'cutter-ssh', folder, ssh.file, ...ssh.args, ...args]
    // A process group of its own: Ctrl-C in the terminal is for Cutter, which still needs the connection then.
    child = spawn('/bin/sh', command, { env, detached: true, stdio: ['pipe', 'ignore', 'pipe'] })
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
  const fault = (log: string, why?: string) => loginFault(settings, sshKeygen, log, why)
  const log = await waitUntilReady(child, settings, { socket, signal, fault })
  const hostKey = findShownKey(log)
  const close = () => void child.stdin!.end()
  if (hostKey === null) {
    close()
    throw await fault(log, 'ssh did not say which key the host has')
  }
  for (const handle of [child, child.stdin, child.stderr] as { unref?(): void }[]) handle.unref?.()
  const isOpen = () => child.exitCode === null && child.signalCode === null
  return {
    ssh,
    env,
    folder,
    socket,
    hostKey,
    isOpen,
    onLost(call) {
      if (!isOpen()) call()
      else child.once('exit', call)
      return () => child.removeListener('exit', call)
    },
    close,
  }
}

/** The path of a socket has at most 104 bytes, and ssh appends 17 for a moment. */
const MAX_FOLDER = 60

async function makeFolder(): Promise<string> {
  const own = tmpdir()
  return mkdtemp(join(own.length > MAX_FOLDER ? '/tmp' : own, 'cutter-ssh-'))
}

async function listArguments(
  route: SshSettings[],
  user: SshUser,
  folder: string,
  socket: string,
): Promise<string[]> {
  const { alias, hostName, port, user: login, connectTimeoutMs, as } = route[0]!
  const own = await isHomeOfPasswordFile(user.home)
  const config = join(folder, 'config')
  // ssh gives the file, and no other options, to the ssh that connects to a jump host.
  const needsFile = !own || route.length > 1
  if (needsFile) {
    const fixed = Object.entries(FIXED).map(([name, value]) => `${name} ${value}\n`)
    const files = own ? [] : route.map(listFilesOf)
    const text = [...fixed, ...files, 'Match all\n', includeConfigOf(user.home, { own })].join('')
    await writeFile(config, text, { mode: 0o600 })
  }
  const options = {
    ...FIXED,
    ControlMaster: 'yes',
    ControlPath: escapeValue(socket),
    LogLevel: 'DEBUG1',
    ForkAfterAuthentication: 'no',
    ConnectTimeout: String(connectTimeoutMs / 1000),
    HostName: hostName.replaceAll('%', '%%'),
  }
  return [
    ...(needsFile ? ['-F', config] : []),
    ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    ...((as.jumps ?? []).length === 0 ? [] : ['-J', as.jumps!.join(',')]),
    ...['-N', '-T', '-l', login, '-p', String(port), '--', alias],
  ]
}

/** In another home than that of the password file, ssh would read `~` otherwise. */
const listFilesOf = ({ alias, identityFiles, certificateFiles }: SshSettings) =>
  [
    `Match originalhost ${alias}`,
    ...identityFiles.map((file) => `  IdentityFile ${escapeValue(file)}`),
    ...certificateFiles.map((file) => `  CertificateFile ${escapeValue(file)}`),
    '',
  ].join('\n')

const escapeValue = (path: string) => `"${path.replaceAll('%', '%%').replace(/["\\]/g, '\\$&')}"`

interface Waiting {
  socket: string
  signal: AbortSignal
  fault(log: string, why?: string): Promise<Error>
}

/** Returns what ssh has printed until its socket was there. */
async function waitUntilReady(
  child: ChildProcess,
  { connectTimeoutMs }: SshSettings,
  { socket, signal, fault }: Waiting,
): Promise<string> {
  let log = ''
  let failure: Error | null = null
  child.once('error', (error) => {
    failure = error
  })
  child.stdin!.on('error', () => undefined)
  const closed = new Promise<void>((done) => child.once('close', () => done()))
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    if (log.length < MAX_LOG) log += text
  })
  const until = performance.now() + connectTimeoutMs + LOGIN_MS
  while (!existsSync(socket)) {
    if (failure !== null) throw await fault(log, (failure as Error).message)
    if (child.exitCode !== null || child.signalCode !== null) {
      await closed
      throw await fault(log)
    }
    if (signal.aborted || performance.now() > until) {
      child.stdin!.end()
      throw signal.aborted ? interruptedStop() : await fault(log, 'the login took too long')
    }
    await sleep(POLL_MS)
  }
  return log
}

const interruptedStop = () => new Stop('STOP_HOST_UNREACHABLE', 'interrupted before anything was sent')
