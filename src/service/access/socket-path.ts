import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The operating system keeps the path of a socket in 108 bytes (104 on macOS), and Node cuts a longer one off without a word. */
const MAX_BYTES = 100

/**
 * Returns the absolute path of the unix socket of a home: in its `var`, or, where that path is too long for a socket, in the runtime folder
 * of the user. The file `var/service.json` names it while the service runs.
 */
export function findSocketPath(folder: string, env: NodeJS.ProcessEnv): string {
  const inHome = join(folder, 'var', 'cutter.sock')
  if (Buffer.byteLength(inHome) <= MAX_BYTES) return inHome
  const name = `cutter-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}.sock`
  return join(env.XDG_RUNTIME_DIR ?? tmpdir(), name)
}
