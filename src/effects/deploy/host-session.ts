import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EffectContext } from '../../domain/effect.ts'
import { CutterError } from '../../domain/errors.ts'
import { type Evidence, jsonEvidence } from '../../domain/evidence.ts'
import type { Host, RunResult } from '../../targets/ssh/open-host.ts'
import { createTempFolder } from './temp-folder.ts'

/** A command by name: reading ones change nothing on the host; `argv` is what the host's shell is given, word for word. */
export interface HostCommand {
  id: string
  kind: 'read' | 'write'
  argv: string[]
}

interface Sent {
  id: string
  kind: HostCommand['kind']
  argv: string[]
  exitCode: number | null
  timedOut: boolean
  ms: number
}

/** The one way by which a deploy touches a host. A dry run's hand sends no command that writes, whoever asks for it. */
export interface HostSession {
  host: Host
  run(command: HostCommand, options?: { timeoutMs?: number; maxOutputBytes?: number }): Promise<RunResult>
  /** The whole output of a command that must succeed. */
  text(command: HostCommand, options?: { maxOutputBytes?: number }): Promise<string>
  put(local: string, remote: string, mode: number): Promise<{ resumedFrom: number; bytes: number }>
  putText(text: string, remote: string, mode: number): Promise<void>
  /** What was sent so far, in its order: the receipt of a phase. */
  sent(phase: string): Evidence
}

const TIMEOUT_MS = 10 * 60_000
const MAX_OUTPUT = 1024 * 1024

/** A command that ended otherwise than it must; whether something of it remains, only a look at the host tells. */
export class CommandFailed extends CutterError {
  readonly exitCode: number | null

  constructor({ id }: HostCommand, { exitCode, signal, stderr, timedOut }: RunResult) {
    const said = stderr.toString('utf8').trim().split('\n').slice(-3).join('; ').slice(0, 500)
    const how = timedOut ? 'took too long' : `ended with ${exitCode ?? signal}`
    super('HOST_COMMAND_FAILED', `${id} ${how} on the host${said === '' ? '' : `: ${said}`}`, {
      next: 'mend that on the host, then: cutter run resume <run>',
    })
    this.name = 'CommandFailed'
    this.exitCode = exitCode
  }
}

export function createHostSession(
  host: Host,
  { mode, signal, now }: Pick<EffectContext, 'mode' | 'signal' | 'now'>,
): HostSession {
  const sent: Sent[] = []
  const refuseWrite = (what: string) => {
    if (mode !== 'live') throw new Error(`a dry run would write on the host: ${what}`)
  }
  const run: HostSession['run'] = async (
    command,
    { timeoutMs = TIMEOUT_MS, maxOutputBytes = MAX_OUTPUT } = {},
  ) => {
    const { id, kind, argv } = command
    if (kind === 'write') refuseWrite(id)
    const begun = now().getTime()
    const note: Sent = { id, kind, argv, exitCode: null, timedOut: false, ms: 0 }
    sent.push(note)
    const result = await host.run(argv, { timeoutMs, maxOutputBytes, signal })
    Object.assign(note, { exitCode: result.exitCode, timedOut: result.timedOut, ms: now().getTime() - begun })
    return result
  }
  const put: HostSession['put'] = async (local, remote, permissions) => {
    refuseWrite(remote)
    sent.push({ id: 'sftp-put', kind: 'write', argv: [remote], exitCode: null, timedOut: false, ms: 0 })
    return host.put(local, remote, { mode: permissions, signal })
  }
  return {
    host,
    run,
    put,
    async putText(text, remote, permissions) {
      const folder = await createTempFolder()
      try {
        await writeFile(join(folder, 'text'), text)
        await put(join(folder, 'text'), remote, permissions)
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
    async text(command, options) {
      const result = await run(command, options)
      if (result.exitCode !== 0) throw new CommandFailed(command, result)
      if (result.truncated) throw new Error(`${command.id} says more on the host than is taken`)
      return result.stdout.toString('utf8')
    },
    sent: (phase) =>
      jsonEvidence(`commands/${phase}`, { host: host.address, hostKey: host.hostKey, commands: sent }),
  }
}
