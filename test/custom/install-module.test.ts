import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { type App, openApp } from '../../src/app/open-app.ts'
import { loadModule } from '../../src/custom/load-module.ts'

const EXAMPLE = readFileSync(resolve(import.meta.dirname, '../examples/rotate-keys.ts'), 'utf8')

let home: string
const apps: App[] = []
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close()
  rmSync(home, { recursive: true })
})

async function anApp(): Promise<App> {
  const app = await openApp({ home, env: {}, interrupt: new AbortController().signal })
  apps.push(app)
  return app
}

/** Starts a run as an earlier version did, which recorded no source. */
async function startedEarlier() {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-module-')))
  const file = join(home, 'service.key')
  const module = join(home, 'rotate-keys.ts')
  writeFileSync(file, 'the old key\n')
  writeFileSync(module, EXAMPLE)
  const app = await anApp()
  await app.useModule({ ...(await loadModule(module)), source: undefined as never })
  const { runId } = await app.engine.start('rotate-keys', { file }, { mode: 'dry-run' })
  expect((await app.store.history(runId))[0]!.event).not.toHaveProperty('moduleSource')
  return { runId, module, file }
}

test('a run that recorded no source continues with its module', async () => {
  const { runId } = await startedEarlier()
  const app = await anApp()
  const run = (await app.store.run(runId))!
  expect((await app.deps.installed('rotate-keys', run)).machine.definitionDigest).toBe(run.definitionDigest)
  await expect(app.engine.resume(runId, {})).rejects.toMatchObject({ code: 'APPROVAL_REQUIRED' })
})

test('a run that recorded no source is still refused with another module, which has been loaded then', async () => {
  const { runId, module } = await startedEarlier()
  writeFileSync(module, `${EXAMPLE}// changed\n`)
  const app = await anApp()
  await expect(app.engine.resume(runId, {})).rejects.toMatchObject({ code: 'MACHINE_CHANGED' })
})

test('of two runs, the one that recorded the present source loads it, in either order', async () => {
  const { module, file } = await startedEarlier()
  const first = await anApp()
  await first.useModule(await loadModule(module))
  const old = await first.engine.start('rotate-keys', { file }, { mode: 'dry-run' })
  writeFileSync(
    module,
    `import { writeFileSync as leave } from 'node:fs'\nleave(${JSON.stringify(join(home, 'loaded'))}, '')\n${EXAMPLE}`,
  )
  const app = await anApp()
  await expect(app.engine.resume(old.runId, {})).rejects.toThrow('was not loaded')
  expect(existsSync(join(home, 'loaded'))).toBe(false)
  await app.useModule(await loadModule(module))
  const young = await app.engine.start('rotate-keys', { file }, { mode: 'dry-run' })
  const last = await anApp()
  await expect(last.engine.resume(old.runId, {})).rejects.toThrow('was not loaded')
  await expect(last.engine.resume(young.runId, {})).rejects.toMatchObject({ code: 'APPROVAL_REQUIRED' })
  await expect(last.engine.resume(old.runId, {})).rejects.toMatchObject({ code: 'MACHINE_CHANGED' })
})
