import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbedded } from '../../src/targets/embedded/open-embedded.ts'
import { locateServer } from '../../src/targets/embedded/server-location.ts'

let made: Promise<string | null> | null = null

/**
 * Gives a home an embedded server's data that an earlier start made, with their passwords, since a copy takes a sixth of the time of
 * initdb. Does nothing where the home has data, or would keep them elsewhere.
 */
export async function copyCluster(home: string): Promise<void> {
  const { cluster, inHome } = locateServer({ home })
  if (!inHome || existsSync(cluster)) return
  made ??= makeCluster()
  const source = await made
  if (source === null) return
  const { status, stderr } = spawnSync('cp', ['-a', source, cluster], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the data of an embedded server can't be copied: ${stderr}`)
}

/** One for the files of a process, which removes it at its end. */
async function makeCluster(): Promise<string | null> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-cluster-')))
  process.once('exit', () => rmSync(home, { recursive: true, force: true }))
  const server = await openEmbedded({ home })
  await server.release()
  const { cluster, inHome } = locateServer({ home }, false)
  return inHome ? cluster : null
}
