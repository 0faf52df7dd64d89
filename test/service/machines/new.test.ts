import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openHome } from '../../../src/app/open-home.ts'
import { loadModule } from '../../../src/custom/load-module.ts'
import { createMachine } from '../../../src/service/machines/new.ts'

const TSC = resolve(import.meta.dirname, '../../../node_modules/typescript/bin/tsc')

let folder = ''
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-new-machine-')))
})
afterEach(() => rmSync(folder, { recursive: true }))

const create = (name: string) =>
  createMachine(openHome({ home: folder, env: {}, cwd: folder, interrupt: new AbortController().signal }), {
    name,
  })

/** What tsc prints about the folder of a machine: empty when it finds nothing. */
function typeFaults(of: string): string {
  try {
    return execFileSync(process.execPath, [TSC, '-p', of, '--pretty', 'false'], { encoding: 'utf8' })
  } catch (error) {
    return (error as { stdout: string }).stdout
  }
}

describe('machine new', () => {
  test('writes a machine that loads', async () => {
    const created = await create('rotate-keys')
    expect(created).toEqual({
      machine: 'rotate-keys',
      folder: join(folder, 'rotate-keys'),
      files: ['rotate-keys.ts', 'rotate-keys.trial.ts', 'rotate-keys.test.ts', 'tsconfig.json'],
    })
    const { machine } = await loadModule(join(created.folder, 'rotate-keys.ts'))
    expect([machine.name, machine.version]).toEqual(['rotate-keys', '1'])
  })

  test('writes files in which tsc finds the types of cutter and zod outside of the clone, and a mistake', async () => {
    const { folder: made } = await create('pay')
    expect(typeFaults(made)).toBe('')
    const file = join(made, 'pay.ts')
    const source = readFileSync(file, 'utf8')
    writeFileSync(file, source.replace("return { outcome: 'not-committed' }", "return { outcome: 'no' }"))
    expect(typeFaults(made)).toContain('pay.ts(')
    writeFileSync(file, source.replace('z.string()', 'z.strings()'))
    expect(typeFaults(made)).toContain("Property 'strings' does not exist")
    writeFileSync(file, source.replace('(_context, { file })', '({ runID }, { file })'))
    expect(typeFaults(made)).toContain('runID')
  })

  test('overwrites nothing', async () => {
    await create('pay')
    const before = readFileSync(join(folder, 'pay/pay.ts'), 'utf8')
    await expect(create('pay')).rejects.toMatchObject({
      code: 'INPUT_REFUSED',
      message: expect.stringContaining('is not empty; nothing was written'),
    })
    expect(readFileSync(join(folder, 'pay/pay.ts'), 'utf8')).toBe(before)
    writeFileSync(join(folder, 'file'), '')
    await expect(create('file')).rejects.toMatchObject({ code: 'INPUT_REFUSED' })
  })

  test.each(['Pay', 'pay_all', 'deploy', '-pay', 'a'.repeat(41)])('refuses the name %s', async (name) => {
    await expect(create(name)).rejects.toMatchObject({
      code: 'INPUT_REFUSED',
      message: expect.stringContaining('nothing was written'),
    })
  })
})
