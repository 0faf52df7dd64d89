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

/** The command that starts a program on a machine without flock(1). */
export const WITHOUT_FLOCK = [
  ...['unshare', '--mount', 'sh', '-c'],
  'for each in /usr/bin/flock /bin/flock; do mount --bind /dev/null $each; done; exec "$@"',
  'sh',
]

/** Why no program can be hidden here, or null. */
export function whyNoHiddenProgram(): string | null {
  const [program = '', ...args] = WITHOUT_FLOCK
  const { stdout, error } = spawnSync(
    program,
    [...args, 'sh', '-c', 'test -x /usr/bin/flock || echo hidden'],
    {
      encoding: 'utf8',
    },
  )
  return stdout?.trim() === 'hidden' ? null : (error?.message ?? 'mount namespaces are not permitted')
}
