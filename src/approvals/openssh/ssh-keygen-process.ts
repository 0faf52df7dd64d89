import { spawn } from 'node:child_process'
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CutterError } from '../../domain/errors.ts'
import { type Tools, TRUSTED_TOOLS } from '../../tools/open-tools.ts'
import { makeTemporaryFolder } from '../../tools/temporary-folder.ts'
import { TRUSTED_PATH } from '../../tools/trusted-folders.ts'

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
  /** Variables of the person who signs: agent, askpass, libraries of hardware keys. Left out: none, because judging needs none. */
  env?: NodeJS.ProcessEnv
  /** Where ssh-keygen is found. Left out: in the trusted folders. */
  tools?: Tools | undefined
}

/**
 * Runs ssh-keygen without a shell. A failure of ssh-keygen is an answer, not an error.
 * @throws TOOL_MISSING when ssh-keygen is not where it is looked for
 */
export async function runSshKeygen(call: SshKeygenCall): Promise<SshKeygenAnswer> {
  const { args, stdinFile, timeoutSeconds, onTerminal = false, env = {}, tools = TRUSTED_TOOLS } = call
  const tool = tools.find('sshKeygen')
  if (tool === null) throw sshKeygenMissingError(tools)
  return new Promise((resolve, reject) => {
    const stdin = stdinFile === undefined ? (onTerminal ? 'inherit' : 'ignore') : openSync(stdinFile, 'r')
    const child = spawn(tool.file, [...tool.args, ...args], {
      stdio: [stdin, 'pipe', onTerminal ? 'inherit' : 'pipe'],
      // Times without a zone in allowed_signers mean UTC on every host.
      env: { ...env, PATH: TRUSTED_PATH, TZ: 'UTC', LC_ALL: 'C' },
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
      reject(new CutterError('INTERNAL', `${tool.file} can't be run: ${cause.message}`, { cause }))
    })
    child.on('close', (exitCode) => {
      clearTimeout(timer)
      resolve({ ...answer, ok: exitCode === 0 })
    })
  })
}

function sshKeygenMissingError(tools: Tools): CutterError {
  const { why, next } = tools.describeMissing('sshKeygen')
  return new CutterError('TOOL_MISSING', `ssh-keygen ${why}; approvals are signed and checked with it`, {
    next: `the package is openssh-client (Debian, Ubuntu) or openssh (elsewhere), version 8.9 or newer; ${next}`,
    data: { tool: 'ssh-keygen' },
  })
}

/** Writes a file into a private folder, with mode 0600, and returns its path. */
export type WriteFileInFolder = (name: string, data: string | Uint8Array) => string

/** Makes a folder that only this user can enter, and removes it when the work is done. */
export async function inPrivateFolder<Result>(
  work: (write: WriteFileInFolder) => Promise<Result>,
): Promise<Result> {
  const folder = makeTemporaryFolder('cutter-approval-')
  try {
    // The files are small. Handing each to another thread costs many times as much.
    return await work((name, data) => {
      const path = join(folder, name)
      writeFileSync(path, data, { mode: 0o600 })
      return path
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
