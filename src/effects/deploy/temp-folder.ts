import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'

/** The host's name is part of it, because containers may share the folder without sharing processes. */
const PREFIX = `cutter-deploy-${hostname().replace(/[^\w.]/g, '_')}-`

/** Creates a folder that only this user can enter. Its name holds this process's id, so that folders of dead processes can be removed here. */
export async function createTempFolder(): Promise<string> {
  const left = (await readdir(tmpdir())).filter((name) => isDead(parsePid(name)))
  const removals = left.map((name) => rm(join(tmpdir(), name), { recursive: true, force: true }))
  // The folder of another user can't be removed and stays.
  await Promise.allSettled(removals)
  return mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`))
}

const parsePid = (name: string) =>
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
