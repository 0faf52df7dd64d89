import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CutterError } from '../../domain/errors.ts'

/** What ssh-keygen printed, and whether its exit code was 0. */
export interface SshKeygenAnswer {
  ok: boolean
  stdout: string
  /** Empty when ssh-keygen ran on a terminal: its messages went to the person there. */
  stderr: string
  timedOut: boolean
}

interface SshKeygenCall {
  args: string[]
  stdinFile?: string
  timeoutSeconds: number
  /** Gives ssh-keygen the terminal, for a passphrase or the touch of a hardware key. */
  onTerminal?: boolean
}

/**
 * Runs ssh-keygen without a shell. A failure of ssh-keygen is an answer, not an error.
 * @throws TOOL_MISSING when ssh-keygen is not installed
 */
export function runSshKeygen({
  args,
  stdinFile,
  timeoutSeconds,
  onTerminal = false,
}: SshKeygenCall): Promise<SshKeygenAnswer> {
  return new Promise((resolve, reject) => {
    const stdin = stdinFile === undefined ? (onTerminal ? 'inherit' : 'ignore') : openSync(stdinFile, 'r')
    const child = spawn('ssh-keygen', args, {
      stdio: [stdin, 'pipe', onTerminal ? 'inherit' : 'pipe'],
      // Times without a zone in allowed_signers mean UTC on every host.
      env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' },
      // In a session of its own it has no terminal, so it does not wait for a passphrase that nobody will type.
      detached: !onTerminal,
    })
    if (typeof stdin === 'number') closeSync(stdin)
    const answer: SshKeygenAnswer = { ok: false, stdout: '', stderr: '', timedOut: false }
    const timer = setTimeout(() => {
      answer.timedOut = true
      child.kill('SIGKILL')
    }, timeoutSeconds * 1000)
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      answer.stdout += text
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      answer.stderr += text
    })
    child.on('error', (cause) => {
      clearTimeout(timer)
      reject(notStartedError(cause))
    })
    child.on('close', (exitCode) => {
      clearTimeout(timer)
      resolve({ ...answer, ok: exitCode === 0 })
    })
  })
}

function notStartedError(cause: Error & { code?: string }): CutterError {
  if (cause.code !== 'ENOENT')
    return new CutterError('INTERNAL', `ssh-keygen can't be run: ${cause.message}`, { cause })
  return new CutterError(
    'TOOL_MISSING',
    'ssh-keygen is not on the PATH; approvals are signed and checked with it',
    {
      next: 'install the package openssh-client (Debian, Ubuntu) or openssh (elsewhere), version 8.9 or newer',
      data: { tool: 'ssh-keygen' },
      cause,
    },
  )
}

/** Writes a file into a private folder, with mode 0600, and returns its path. */
export type WriteFileInFolder = (name: string, data: string | Uint8Array) => Promise<string>

/** Makes a folder that only this user can enter, and removes it when the work is done. */
export async function inPrivateFolder<Result>(
  work: (write: WriteFileInFolder) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'cutter-approval-'))
  try {
    return await work(async (name, data) => {
      const path = join(folder, name)
      await writeFile(path, data, { mode: 0o600 })
      return path
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
