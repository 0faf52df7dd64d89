import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EffectContext, FencingToken } from '../../domain/effect.ts'
import { CutterError, Stop } from '../../domain/errors.ts'
import { type Evidence, jsonEvidence } from '../../domain/evidence.ts'
import type { Host, RunResult, SentFile } from '../../targets/ssh/open-host.ts'
import type { ReceiveGuard } from '../../targets/ssh/receive-script.ts'
import type { ReceiveRefused } from '../../targets/ssh/send-file.ts'
import { redactOutput } from './redact-output.ts'
import { createTempFolder } from './temp-folder.ts'

/** A command with a name. A `read` command changes nothing on the host. The host's shell gets `argv` word for word. */
export interface HostCommand {
  id: string
  kind: 'read' | 'write'
  argv: string[]
  /** Its script compares the run's token, which it gets as `CUTTER_TOKEN`, with the token of the staging folder. */
  fenced?: true
  /** The time of the folder above the staging folder as the host answered it before: `CUTTER_SEEN` of `stage`. */
  seen?: string
}

/** The exit code of a script that found a later attempt's token in the staging folder. */
export const EXIT_FENCED = 80

interface SentCommand {
  id: string
  kind: HostCommand['kind']
  argv: string[]
  exitCode: number | null
  timedOut: boolean
  ms: number
}

/**
 * The only way in which a deploy touches a host. In a dry run it refuses every command that writes. SSH itself enforces nothing, which
 * the report of a dry run mentions.
 */
export interface HostSession {
  host: Host
  /** Runs a command, and returns its result whatever the exit code. */
  run(
    command: HostCommand,
    options?: { timeoutMs?: number; maxOutputBytes?: number; stdin?: Uint8Array },
  ): Promise<RunResult>
  /**
   * The complete output of a command that must succeed.
   * @throws HOST_COMMAND_FAILED when it does not.
   */
  text(command: HostCommand, options?: { maxOutputBytes?: number }): Promise<string>
  /**
   * Sends a local file into a staging folder. `mode`: permission bits. `after`: a command that runs on the host once the file is complete,
   * while the host hashes it.
   * @throws HOST_COMMAND_FAILED when that command does not succeed.
   */
  put(local: string, to: StagedFile, mode: number, after?: HostCommand): Promise<SentFile>
  putText(text: string, to: StagedFile, mode: number): Promise<void>
  /** All commands sent so far, in order, as evidence: part of the receipt of a phase. */
  sent(phase: string): Evidence
}

/** A file that a run writes in its staging folder. The lines of its guard compare tokens; the run's own is their last argument. */
export interface StagedFile {
  path: string
  guard: ReceiveGuard
}

const TIMEOUT_MS = 10 * 60_000
const MAX_OUTPUT = 1024 * 1024

/** A command that did not succeed. Whether it left something on the host, only the host can tell. */
export class CommandFailed extends CutterError {
  readonly exitCode: number | null

  constructor(
    { id }: Pick<HostCommand, 'id'>,
    { exitCode, signal, stderr, timedOut }: Pick<RunResult, 'exitCode' | 'signal' | 'stderr' | 'timedOut'>,
  ) {
    const output = redactOutput(stderr.toString('utf8')).trim().split('\n').slice(-3).join('; ').slice(0, 500)
    const how = timedOut ? 'took too long' : `ended with ${exitCode ?? signal}`
    super('HOST_COMMAND_FAILED', `${id} ${how} on the host${output === '' ? '' : `: ${output}`}`, {
      next: 'fix the cause on the host, then: cutter run resume <run>',
    })
    this.name = 'CommandFailed'
    this.exitCode = exitCode
  }
}

const isRefusedFile = (error: unknown): error is ReceiveRefused =>
  error instanceof Error && error.name === 'ReceiveRefused'

/** A host's shell compares tokens as one number. */
const tokenText = ({ run, seq, attempt }: FencingToken) => `${run}:${seq * 1_000_000 + attempt}`

/** The words of a command as the host gets them. */
function withToken({ argv, fenced, seen }: HostCommand, token: FencingToken): string[] {
  if (!fenced) return argv
  const parent = seen === undefined ? [] : [`CUTTER_SEEN=${seen}`]
  return ['env', `CUTTER_TOKEN=${tokenText(token)}`, ...parent, ...argv]
}

/**
 * Opens a session over a connection. Unless the mode is live, the session throws before it sends anything that writes. Before each write it
 * asks whether this process still has its claim.
 */
export function createHostSession(
  host: Host,
  context: Pick<EffectContext, 'mode' | 'signal' | 'now' | 'token' | 'assertClaimed'>,
): HostSession {
  const { mode, signal, now } = context
  const sent: SentCommand[] = []
  const assertMayWrite = async (what: string) => {
    if (mode !== 'live') throw new Error(`a dry run would write on the host: ${what}`)
    await context.assertClaimed()
  }
  const run: HostSession['run'] = async (
    command,
    { timeoutMs = TIMEOUT_MS, maxOutputBytes = MAX_OUTPUT, stdin } = {},
  ) => {
    const { id, kind, fenced } = command
    const argv = withToken(command, context.token)
    if (kind === 'write') await assertMayWrite(id)
    const startedAt = now().getTime()
    const entry: SentCommand = { id, kind, argv, exitCode: null, timedOut: false, ms: 0 }
    sent.push(entry)
    const result = await host.run(argv, {
      timeoutMs,
      maxOutputBytes,
      signal,
      ...(stdin === undefined ? {} : { stdin }),
    })
    entry.exitCode = result.exitCode
    entry.timedOut = result.timedOut
    entry.ms = now().getTime() - startedAt
    if (fenced && result.exitCode === EXIT_FENCED) throw fencedError(id)
    return result
  }
  const put: HostSession['put'] = async (local, { path, guard }, permissions, after) => {
    await assertMayWrite(path)
    const startedAt = now().getTime()
    const entryOf = (id: string, argv: string[]): SentCommand => ({
      id,
      kind: 'write',
      argv,
      exitCode: null,
      timedOut: false,
      ms: 0,
    })
    const argv = after === undefined ? undefined : withToken(after, context.token)
    const entries = [entryOf('put', [path]), ...(argv === undefined ? [] : [entryOf(after!.id, argv)])]
    sent.push(...entries)
    try {
      return await host.put(local, path, {
        mode: permissions,
        guard: { ...guard, args: [...guard.args, tokenText(context.token)] },
        ...(argv === undefined ? {} : { after: argv }),
        signal,
      })
    } catch (error) {
      if (!isRefusedFile(error)) throw error
      const id = error.by === 'after' ? after!.id : 'receive'
      throw error.exitCode === EXIT_FENCED ? fencedError(id) : new CommandFailed({ id }, error)
    } finally {
      for (const entry of entries) entry.ms = now().getTime() - startedAt
    }
  }
  return {
    host,
    run,
    put,
    async putText(text, to, permissions) {
      const folder = await createTempFolder()
      try {
        await writeFile(join(folder, 'text'), text)
        await put(join(folder, 'text'), to, permissions)
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
    async text(command, options) {
      const result = await run(command, options)
      if (result.exitCode !== 0) throw new CommandFailed(command, result)
      if (result.truncated) throw new Error(`the output of ${command.id} is longer than Cutter accepts`)
      return result.stdout.toString('utf8')
    },
    sent(phase) {
      const { address, hostKey, ssh, transport } = host
      return jsonEvidence(`commands/${phase}`, { host: address, hostKey, ssh, transport, commands: sent })
    },
  }
}

const fencedError = (command: string) =>
  new Stop(
    'STOP_FENCED',
    `the staging folder on the host belongs to a later attempt, so ${command} did nothing there`,
    {
      next: 'cutter run show <run>; where another process or a newer copy of the store continued the run, work with that one',
    },
  )
