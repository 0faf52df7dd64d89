import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, vi } from 'vitest'
import { TRUSTED_TOOLS } from '../../src/tools/open-tools.ts'

/** A folder of real keys and trust files, gone after the tests. */
export interface KeyFolder {
  path(name: string): string
  /** Makes a key pair and gives the private key's path. */
  key(name: string, options?: { type?: string; passphrase?: string }): string
  /** Key type and key, as they stand in a line of allowed_signers. */
  publicKey(name: string): string
  /** Makes a certificate of a key for a principal, by an authority's key. The private key's path signs with it. */
  certify(name: string, principal: string, authority: string): string
  file(name: string, text: string, mode?: number): string
  remove(): void
}

export function openKeyFolder(): KeyFolder {
  const folder = mkdtempSync(join(tmpdir(), 'cutter-keys-'))
  const path = (name: string) => join(folder, name)
  return {
    path,
    key(name, { type = 'ed25519', passphrase = '' } = {}) {
      execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', name, '-f', path(name)])
      return path(name)
    },
    publicKey: (name) =>
      readFileSync(path(`${name}.pub`), 'utf8')
        .split(' ')
        .slice(0, 2)
        .join(' '),
    certify(name, principal, authority) {
      const args = ['-q', '-s', path(authority), '-I', principal, '-n', principal, path(`${name}.pub`)]
      execFileSync('ssh-keygen', args, { stdio: 'ignore' })
      return path(`${name}-cert.pub`)
    },
    file(name, text, mode = 0o600) {
      writeFileSync(path(name), text)
      chmodSync(path(name), mode)
      return path(name)
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Runs work with an agent that holds the key, and ends the agent. */
export async function withAgent<Result>(
  keys: KeyFolder,
  keyFile: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const socket = keys.path('agent.sock')
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
  const ended = new Promise((resolve) => agent.once('exit', resolve))
  try {
    // The socket is there a moment before somebody listens at it; 2 is ssh-add's word for nobody.
    const env = { ...process.env, SSH_AUTH_SOCK: socket }
    const answers = () => spawnSync('ssh-add', ['-l'], { stdio: 'ignore', env }).status !== 2
    while (agent.exitCode === null && !answers()) await wait(10)
    return await withEnv({ SSH_AUTH_SOCK: socket }, async () => {
      execFileSync('ssh-add', ['-q', keyFile], { stdio: 'ignore' })
      return await work()
    })
  } finally {
    agent.kill()
    await ended
  }
}

export async function withEnv<Result>(
  changes: NodeJS.ProcessEnv,
  work: () => Promise<Result>,
): Promise<Result> {
  const before = Object.fromEntries(Object.keys(changes).map((name) => [name, process.env[name]]))
  const set = (values: NodeJS.ProcessEnv) => {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
  set(changes)
  try {
    return await work()
  } finally {
    set(before)
  }
}

/** Does work as on a machine whose trusted folders have no program. */
export async function withoutTrustedTools<Result>(work: () => Promise<Result>): Promise<Result> {
  const found = vi.spyOn(TRUSTED_TOOLS, 'find').mockReturnValue(null)
  try {
    return await work()
  } finally {
    found.mockRestore()
  }
}

/** `describe` where OpenSSH is installed; elsewhere the suite is skipped by name, with the reason printed. */
export function describeWithKeys(name: string, suite: () => void): void {
  const missing = ['ssh-keygen', 'ssh-agent', 'ssh-add'].filter((tool) => !isOnPath(tool))
  if (missing.length === 0) describe(name, suite)
  else {
    console.warn(`skipped "${name}": not on the PATH: ${missing.join(', ')}`)
    describe.skip(`${name} (skipped: not on the PATH: ${missing.join(', ')})`, suite)
  }
}

/** Such as 9.2; 0 where there is none. Only `ssh` tells it, on stderr. */
export function opensshVersion(): number {
  const printed = spawnSync('ssh', ['-V'], { encoding: 'utf8' }).stderr
  return Number(/OpenSSH_(\d+\.\d+)/.exec(printed ?? '')?.[1] ?? 0)
}

function isOnPath(tool: string): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, tool)))
}
