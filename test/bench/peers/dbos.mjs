// The workload of workload.ts on DBOS, which stores its workflows in PostgreSQL. Loaded only where its packages were installed.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * Opens a worker on a fresh database. `folder` holds node_modules with @dbos-inc/dbos-sdk and pg.
 * @returns the functions of `Worker`
 */
export async function openDbos(folder, url) {
  const require = createRequire(join(folder, 'package.json'))
  const { DBOS } = await import(pathToFileURL(require.resolve('@dbos-inc/dbos-sdk')).href)
  const pg = require('pg')
  const waiting = new Map()
  const reached = new Set()
  const reach = (id, point) => {
    const key = `${id} ${point}`
    const resolve = waiting.get(key)
    waiting.delete(key)
    if (resolve === undefined) reached.add(key)
    else resolve()
  }
  const until = (id, point) =>
    new Promise((resolve) => {
      const key = `${id} ${point}`
      if (reached.delete(key)) resolve()
      else waiting.set(key, resolve)
    })
  const note = 'x'.repeat(110)
  const workflow = DBOS.registerWorkflow(
    async (id) => {
      const step = (n) =>
        DBOS.runStep(async () => ({ run: id, step: n, ok: true, at: '2026-01-01T00:00:00.000Z', note }), {
          name: `s${n}`,
        })
      for (let n = 1; n <= 4; n += 1) await step(n)
      reach(id, 'gate 1')
      await DBOS.recv('approval 1', 86_400)
      for (let n = 5; n <= 7; n += 1) await step(n)
      reach(id, 'gate 2')
      await DBOS.recv('approval 2', 86_400)
      for (let n = 8; n <= 10; n += 1) await step(n)
      return { ok: true }
    },
    { name: 'ten steps' },
  )
  DBOS.setConfig({ name: 'bench', systemDatabaseUrl: url, logLevel: 'error' })
  await DBOS.launch()
  const handles = new Map()
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  return {
    async start(id) {
      handles.set(id, await DBOS.startWorkflow(workflow, { workflowID: id })(id))
      await until(id, 'gate 1')
    },
    async approve(id, gate) {
      await DBOS.send(id, { ok: true }, `approval ${gate}`)
      if (gate === 1) return until(id, 'gate 2')
      await handles.get(id).getResult()
      handles.delete(id)
    },
    async bytes() {
      await pool.query('vacuum full')
      await pool.query('checkpoint')
      const { rows } = await pool.query('select pg_database_size(current_database())::float8 as bytes')
      return rows[0].bytes
    },
    async close() {
      await pool.end()
      await DBOS.shutdown()
    },
  }
}
