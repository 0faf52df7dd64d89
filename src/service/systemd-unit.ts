import { join, resolve } from 'node:path'
import type { Home } from '../app/open-home.ts'
import { packageRoot } from '../app/package-paths.ts'
import { CutterError } from '../domain/errors.ts'
import { findSocketPath } from './access/socket-path.ts'

/** How the service of the unit listens and works. */
interface UnitInput {
  port: number
  host: string
  concurrency: number
}

/** A unit of systemd that runs `cutter serve`. */
interface SystemdUnit {
  /** The text of the unit file. */
  unit: string
}

/**
 * Composes the unit for the service of a home, with node and the program as they are installed here. Changes nothing.
 * @throws INPUT_REFUSED when a path can't stand in a unit; CONFIG_INVALID
 */
export async function makeSystemdUnit(home: Home, input: UnitInput): Promise<SystemdUnit> {
  const { output } = await home.config()
  const unit = composeUnit({
    ...input,
    node: process.execPath,
    program: join(packageRoot(), 'dist', 'cutter.cjs'),
    home: home.folder,
    output: output === undefined ? null : resolve(home.folder, output),
  })
  return { unit }
}

/** Absolute paths, and how the service listens. */
export interface UnitFacts extends UnitInput {
  node: string
  program: string
  home: string
  /** The output folder of cutter.yaml; null where it names none. */
  output: string | null
}

/** The folder that systemd makes for the unit. */
const RUNTIME = '/run/cutter'

/**
 * The text of the unit. Directives: systemd.service(5) and systemd.exec(5). The service needs its own home for writing, the network, and the
 * programs that it starts (PostgreSQL, ssh, git): no privilege, no device, no namespace. MemoryDenyWriteExecute is not set, because V8
 * compiles while it runs.
 */
export function composeUnit(facts: UnitFacts): string {
  const { home, output, host } = facts
  const folders = output === null || isBelow(output, home) ? [home] : [home, output]
  const hasOwnSocketFolder = isBelow(findSocketPath(home, { XDG_RUNTIME_DIR: RUNTIME }), RUNTIME)
  const isWildcard = host === '0.0.0.0' || host === '::'
  return `[Unit]
Description=Cutter, which serves ${escaped(home, 'text')}
After=network-online.target
Wants=network-online.target

[Service]
Type=exec
User=cutter
Group=cutter
WorkingDirectory=${escaped(home, 'text')}
# URLs of databases, one NAME=value on each line. The file belongs to root, mode 600.
EnvironmentFile=-/etc/cutter/environment
ExecStart=${command(facts)}
Restart=on-failure
RestartSec=5
# The first signal goes to the service alone: it ends its effects at a safe point, with the servers that they need.
KillMode=mixed
TimeoutStopSec=120
${
  hasOwnSocketFolder
    ? `# The path of the home is too long for a socket, so the socket is here.
RuntimeDirectory=cutter
RuntimeDirectoryPreserve=yes
Environment=XDG_RUNTIME_DIR=${RUNTIME}
`
    : ''
}
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths=${[...folders, '/tmp'].map((path) => escaped(path, 'word')).join(' ')}
# Commands of the home’s owner go through the service, which finds their files as the owner sees them: also those in /tmp.
PrivateTmp=no
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6${isWildcard ? ' AF_NETLINK' : ''}
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`
}

function command({ node, program, home, port, host, concurrency }: UnitFacts): string {
  const words = [node, program, 'serve', '--home', home]
  const options = ['--port', String(port), '--host', host, '--concurrency', String(concurrency)]
  return [...words, ...options].map((word) => escaped(word, 'argument')).join(' ')
}

const isBelow = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`)

/**
 * A path or word as systemd reads it (systemd.syntax(7), systemd.service(5) on command lines): `%` begins a specifier, in an argument also `$` a
 * variable, and words with other signs stand in quotes.
 * @throws INPUT_REFUSED when no way of writing it is the same everywhere
 */
function escaped(text: string, as: 'text' | 'word' | 'argument'): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a line end would begin a directive
  if (/[\u0000-\u001f\u007f\u2028\u2029"'\\]/.test(text))
    throw new CutterError(
      'INPUT_REFUSED',
      `${JSON.stringify(text)} has a quote, a backslash or a control character, which a unit can’t hold safely; nothing was printed`,
      { next: 'use a path of plain characters' },
    )
  const named = text.replaceAll('%', '%%')
  if (as === 'text') return named
  const final = as === 'argument' ? named.replaceAll('$', '$$$$') : named
  return /^[\w@%+=:,./$-]+$/.test(final) ? final : `"${final}"`
}
