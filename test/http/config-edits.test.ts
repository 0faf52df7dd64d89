import { copyFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { aService } from '../support/http-service.ts'

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')
const MACHINES = 'machines: { rotate-keys: ./rotate-keys.ts }\n'
const ALLOWED = `${MACHINES}execution: { allowLive: true }\n`

test('a running service reads again whether live writes are allowed', async () => {
  const at = await aService(ALLOWED)
  const inHome = (name: string) => join(at.home.folder, name)
  const edit = (text: string) => writeFileSync(inHome('cutter.yaml'), text, { mode: 0o600 })
  copyFileSync(EXAMPLE, inHome('rotate-keys.ts'))
  writeFileSync(inHome('key'), 'the first key\n')
  writeFileSync(inHome('allowed_signers'), '', { mode: 0o600 })
  const admin = await at.token({ name: 'ann', role: 'admin' })
  await at.post('/api/v1/execution/enable', admin, { for: '1h', reason: 'a test' })
  const body = { machine: 'rotate-keys', input: { file: inHome('key') }, mode: 'live' }
  const start = async () => (await at.post('/api/v1/runs', admin, body)).json
  try {
    expect(await start()).toMatchObject({ status: 'paused', mode: 'live' })
    for (const [text, code] of [
      [ALLOWED.replace('true', 'false'), 'LIVE_REFUSED'],
      [MACHINES, 'LIVE_REFUSED'],
      ['not: [a config', 'CONFIG_INVALID'],
    ] as const) {
      edit(text)
      expect((await at.get('/api/v1/execution', admin)).json).toMatchObject({
        enabled: true,
        allowLive: false,
      })
      expect(await start()).toMatchObject({ code, touched: [] })
    }
    edit(ALLOWED)
    expect(await start()).toMatchObject({ status: 'paused', mode: 'live' })
    rmSync(inHome('cutter.yaml'))
    // Without the file there is no such machine either.
    expect(await start()).toMatchObject({ code: 'MACHINE_NOT_FOUND', touched: [] })
  } finally {
    await at.remove()
  }
})
