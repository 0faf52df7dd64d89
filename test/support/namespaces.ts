import { spawnSync } from 'node:child_process'

/** The command that starts a program as a container does: with process ids, System V memory, host name and network of its own. */
export const ANOTHER_CONTAINER = [
  'unshare',
  ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
  ...['--pid', '--ipc', '--uts', '--net', '--fork', '--kill-child', '--mount-proc', '--'],
]

/** Why no container can be imitated here, or null. */
export function whyNoContainer(): string | null {
  const [program = '', ...args] = ANOTHER_CONTAINER
  const { status, stderr, error } = spawnSync(program, [...args, 'true'], { encoding: 'utf8' })
  return status === 0 ? null : (error?.message ?? stderr.trim())
}
