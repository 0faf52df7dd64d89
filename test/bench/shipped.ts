import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type App, openApp } from '../../src/app/open-app.ts'
import { loadModule } from '../../src/custom/load-module.ts'
import type { Run } from '../../src/domain/run.ts'
import { rehearseApproval } from '../../src/engine/manage-approvals.ts'
import { connect } from '../../src/locks/connect.ts'
import { TEN_STEPS } from './ten-steps.ts'
import type { Worker } from './workload.ts'

const GATES = { 1: 'SECOND', 2: 'DONE' } as const

/** A home with a user's own machine, and Cutter as `openApp` opens it, with all defaults: record checks, signed closeouts, heads. */
export async function openShipped(folder: string): Promise<Worker & { app: App }> {
  const home = join(folder, 'home')
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const module = join(home, 'ten-steps.ts')
  writeFileSync(module, TEN_STEPS)
  const app = await openApp({ home, env: process.env, interrupt: new AbortController().signal })
  await app.useModule(await loadModule(module))
  const runIds = new Map<string, string>()
  const expect = (run: Run, state: string) => {
    if (run.state !== state) throw new Error(`a run of the bench came to ${run.state}: ${run.stop?.message}`)
  }
  return {
    app,
    async start(id) {
      const run = await app.engine.start('ten-steps', { id }, { mode: 'dry-run', key: id })
      expect(run, 'FIRST')
      runIds.set(id, run.runId)
    },
    async approve(id, gate) {
      const runId = runIds.get(id)!
      const { approvalId } = await rehearseApproval(app.deps, runId, {
        as: 'bench',
        decision: 'approve',
        reason: '',
      })
      expect(await app.engine.resume(runId, { approvalId }), GATES[gate])
      if (gate === 2) runIds.delete(id)
    },
    bytes: async () => storeBytes(join(home, 'var', 'cutter.db')),
    close: () => app.close(),
  }
}

/** Checkpoints and compacts the store, so that its size is what the runs need. */
function storeBytes(file: string): number {
  const db = connect(file)
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.exec('vacuum')
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.close()
  return statSync(file).size
}

/** The bytes of a folder's files. */
export function folderBytes(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name)
    return sum + (entry.isDirectory() ? folderBytes(path) : statSync(path).size)
  }, 0)
}
