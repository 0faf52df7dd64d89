import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { removeFormerLocks } from '../../../src/targets/embedded/former-locks.ts'

const folder = mkdtempSync(join(tmpdir(), 'cutter-former-'))
afterAll(() => rmSync(folder, { recursive: true }))

const LEFT = ['embedded.lock', 'embedded.lock.4711-0f3a9c1d', 'embedded.lock.guard']
const OTHERS = ['server.lock', 'server.lock.holder', 'batch.lock', 'embedded.locks']

function made(name: string, minutesAgo: number): void {
  writeFileSync(join(folder, name), '')
  const at = Date.now() / 1_000 - minutesAgo * 60
  utimesSync(join(folder, name), at, at)
}

test('removeFormerLocks removes locks and drafts that killed processes of earlier versions left, and nothing else', () => {
  for (const name of [...LEFT, ...OTHERS]) made(name, 11)
  made('embedded.lock.4712-0f3a9c1d', 9)
  expect(removeFormerLocks(folder).sort()).toEqual(LEFT)
  expect(readdirSync(folder).sort()).toEqual([...OTHERS, 'embedded.lock.4712-0f3a9c1d'].sort())
})
