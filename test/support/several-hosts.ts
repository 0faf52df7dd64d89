import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Sshd, startSshd } from './sshd.ts'

/** Hosts on loopback, each with a key, a server and files of its own, although their paths are the same. */
export interface SeveralHosts {
  names: string[]
  /** The server whose home has an ssh config with all of the hosts. */
  sshd: Sshd
  /** The server of each host, by its name. */
  servers: Map<string, Sshd>
  /** Gives each host its own copy of a folder, under the path of that folder. Returns where it is really, by the name of the host. */
  furnish(folder: string): (host: string) => string
  stop(): Promise<void>
}

/** Why no hosts with files of their own can be made here, or null. */
export function whyNoSeveralHosts(): string | null {
  const { status } = spawnSync('unshare', ['-m', 'true'])
  return status === 0 ? null : 'only root can give each host files of its own (unshare -m)'
}

/** Runs each command where the host's own folder lies at the path that all hosts have. `before`: lines of a shell, for tests that interfere. */
const hook = (own: string, before: string) => `#!/bin/sh
real=$SSH_ORIGINAL_COMMAND
${before}
{ read -r from to <${own}/furnished; } 2>/dev/null || exec sh -c "$real"
exec unshare -m sh -c 'mount --bind "$1" "$2" && exec sh -c "$3"' sh "$from" "$to" "$real"
`

export async function startSeveralHosts(
  names: string[],
  before: (host: string) => string = () => '',
): Promise<SeveralHosts> {
  const folder = mkdtempSync(join(tmpdir(), 'cutter-hosts-'))
  const servers = new Map<string, Sshd>()
  for (const name of names) {
    mkdirSync(join(folder, name))
    servers.set(name, await startSshd(undefined, { hook: hook(join(folder, name), before(name)) }))
  }
  const sshd = servers.get(names[0]!)!
  const each = [...servers]
  sshd.config(
    each
      .map(
        ([name, { gatePort, home }]) => `Host ${name}
  HostName 127.0.0.1
  Port ${gatePort}
  IdentityFile ${home}/.ssh/id_test
`,
      )
      .join(''),
  )
  sshd.knownHosts(each.map(([, one]) => `[127.0.0.1]:${one.gatePort} ${one.hostKey()}\n`).join(''))
  return {
    names,
    sshd,
    servers,
    furnish(shared) {
      const own = (host: string) => join(folder, host, 'files')
      for (const name of names) {
        rmSync(own(name), { recursive: true, force: true })
        cpSync(shared, own(name), { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })
        writeFileSync(join(folder, name, 'furnished'), `${own(name)} ${shared}\n`)
      }
      return own
    },
    async stop() {
      for (const [, one] of servers) await one.stop()
      execFileSync('rm', ['-rf', folder])
    },
  }
}
