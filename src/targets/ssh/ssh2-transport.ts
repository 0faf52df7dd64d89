import type { Client, ClientChannel } from 'ssh2'
import { commandLine } from './command-line.ts'
import {
  createSessionOpener,
  HostLost,
  type RemoteExit,
  type RemoteProcess,
  SessionRefused,
  type Transport,
} from './transport.ts'

/** Starts programs over a connection of the package ssh2. */
export function createSsh2Transport(client: Client, close: () => void): Transport {
  let lost = false
  client.once('close', () => {
    lost = true
  })
  const openSession = createSessionOpener()
  return {
    async start(argv, limitSeconds) {
      const line = commandLine(argv, limitSeconds)
      return openSession(() => openProcess(client, line, () => lost))
    },
    onLost(call) {
      if (lost) call()
      else client.once('close', call)
      return () => client.removeListener('close', call)
    },
    isOpen: () => !lost,
    close,
  }
}

function openProcess(client: Client, line: Buffer, isLost: () => boolean): Promise<RemoteProcess> {
  const lost = (cause?: unknown) => new HostLost('a command was requested', cause)
  return new Promise((resolve, reject) => {
    const onClose = () => reject(lost())
    client.once('close', onClose)
    const settle = (work: () => void) => {
      client.removeListener('close', onClose)
      work()
    }
    try {
      // The types ask for a string; the protocol takes bytes, and a file name may be any.
      client.exec(line as unknown as string, { pty: false }, (error, channel) =>
        settle(() => {
          // At once: the end of a short program may come with the answer.
          if (error === undefined) resolve(toProcess(channel))
          else reject(isLost() || !isRefusal(error) ? lost(error) : new SessionRefused(error.message, error))
        }),
      )
    } catch (error) {
      settle(() => reject(lost(error)))
    }
  })
}

/** Whether the host itself answered that it opens no session, or runs no command in it. */
const isRefusal = ({ message }: Error) => /open failure|Unable to exec/i.test(message)

function toProcess(channel: ClientChannel): RemoteProcess {
  let exit: RemoteExit | null = null
  channel.on('exit', (code: number | null, name?: string) => {
    exit = { code, signal: name ?? null }
  })
  channel.on('error', () => undefined)
  const ended = new Promise<RemoteExit | null>((done) => channel.once('close', () => done(exit)))
  return {
    stdin: channel,
    stdout: channel,
    stderr: channel.stderr,
    ended,
    // Some servers pass no signal on, and none reports that. A closed channel at least ends a program that reads or writes.
    end() {
      ignoreErrors(() => channel.signal('KILL'))
      ignoreErrors(() => channel.close())
    },
  }
}

function ignoreErrors(work: () => void): void {
  try {
    work()
  } catch {
    // The connection is lost, so that there is nothing left to end.
  }
}
