import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'

/** By host too: containers may share the folder and not their processes. */
const PREFIX = `cutter-deploy-${hostname().replace(/[^\w.]/g, '_')}-`

/** A folder that only this user can enter. Its name tells whose it is: what processes left that were killed goes on the way. */
export async function createTempFolder(): Promise<string> {
  const left = (await readdir(tmpdir())).filter((name) => isDead(pidIn(name)))
  // Another user's stays, since it can't be removed.
  const gone = left.map((name) => rm(join(tmpdir(), name), { recursive: true, force: true }))
  await Promise.allSettled(gone)
  return mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`))
}

const pidIn = (name: string) =>
  name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN

function isDead(pid: number): boolean {
  if (Number.isNaN(pid)) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
