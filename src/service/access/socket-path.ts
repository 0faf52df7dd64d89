import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CutterError } from '../../domain/errors.ts'

/** The operating system keeps the path of a socket in 108 bytes (104 on macOS), and Node cuts a longer one off without a word. */
const MAX_BYTES = 100

/**
 * Returns the absolute path of the unix socket of a home: in its `var`, or, where that path is too long for a socket, in the runtime folder
 * of the user, else in a folder for temporary files that only the user may use. The file `var/service.json` names it while the service runs.
 * @throws FILES_UNSAFE when somebody else made that folder, or may write to it
 */
export function findSocketPath(folder: string, env: NodeJS.ProcessEnv, temporary = tmpdir()): string {
  const inHome = join(folder, 'var', 'cutter.sock')
  if (Buffer.byteLength(inHome) <= MAX_BYTES) return inHome
  const name = `cutter-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}.sock`
  return join(env.XDG_RUNTIME_DIR ?? ownFolder(temporary), name)
}

/** Anybody may make a folder of any name among temporary files, so one that is there is looked at. */
function ownFolder(temporary: string): string {
  const uid = process.getuid?.() ?? 0
  const folder = join(temporary, `cutter-${uid}`)
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const found = lstatSync(folder)
  if (found.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0) return folder
  throw new CutterError(
    'FILES_UNSAFE',
    `${folder} is not a folder that only user id ${uid} may use, so the socket is not made there; nothing was started`,
    { next: 'remove it, or set XDG_RUNTIME_DIR, or move the home to a shorter path', data: { file: folder } },
  )
}
