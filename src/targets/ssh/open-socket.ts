import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import type { SshUser } from './ask-ssh.ts'
import type { SshSettings } from './ssh-settings.ts'

/** A stream of bytes to a host, before anything of SSH was sent on it. */
export interface HostSocket {
  stream: Duplex
  /** The host's address once it is connected. Null where something else connects to the host. */
  address(): string | null
  /** Ends the connection. Resolves with what the program that connected to the host printed, for messages. */
  close(): Promise<string>
}

/** Opens a TCP connection, or runs the ProxyCommand. Later errors are errors of the stream. */
export function openSocket(settings: SshSettings, user: SshUser): HostSocket {
  const { hostName, port, addressFamily, bindAddress, proxyCommand } = settings
  if (proxyCommand !== null) return runProxyCommand(proxyCommand, user)
  const socket = connect({
    host: hostName,
    port,
    family: addressFamily,
    ...(bindAddress === null ? {} : { localAddress: bindAddress }),
  })
  return {
    stream: socket,
    address: () => socket.remoteAddress ?? null,
    async close() {
      socket.destroySoon()
      return ''
    },
  }
}

const MAX_OUTPUT = 4096
/** A program has this long to end by itself, and as long after the hangup. */
const END_MS = 500

/** Runs a command whose input and output are the connection, by the user's shell, as ssh does. */
function runProxyCommand(command: string, { env }: SshUser): HostSocket {
  const shell = env.SHELL === undefined || env.SHELL === '' ? '/bin/sh' : env.SHELL
  const child = spawn(shell, ['-c', `exec ${command}`], { env, stdio: 'pipe' })
  let output = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(0, MAX_OUTPUT)
  })
  const ended = new Promise<void>((done) => child.once('close', () => done()))
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin })
  child.once('error', (error) => stream.destroy(error))
  return {
    stream,
    address: () => null,
    async close() {
      stream.destroy()
      await Promise.race([ended, wait(END_MS, undefined, { ref: false })])
      child.kill('SIGHUP')
      await Promise.race([ended, wait(END_MS, undefined, { ref: false })])
      return output.trim().replace(/\r?\n/g, '; ')
    },
  }
}
