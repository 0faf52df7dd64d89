import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findPackageRoot } from '../../src/app/package-paths.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cutter-package-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('findPackageRoot finds the nearest package.json above a folder', () => {
  const inner = join(folder, 'a', 'dist', 'deep')
  mkdirSync(inner, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{}')
  expect(findPackageRoot(inner)).toBe(folder)
  writeFileSync(join(folder, 'a', 'package.json'), '{}')
  expect(findPackageRoot(inner)).toBe(join(folder, 'a'))
})

test('findPackageRoot ends with an error when the program was removed while it works', () => {
  const gone = join(folder, 'removed', 'dist')
  expect(() => findPackageRoot(gone)).toThrow(
    expect.objectContaining({ code: 'INTERNAL', message: expect.stringContaining(`no longer in ${gone}`) }),
  )
})
