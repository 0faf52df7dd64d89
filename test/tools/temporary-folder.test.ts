import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { makeTemporaryFolder } from '../../src/tools/temporary-folder.ts'

const place = mkdtempSync(join(tmpdir(), 'cutter-places-'))
afterAll(() => rmSync(place, { recursive: true }))

test('makeTemporaryFolder makes an empty folder for its user alone', () => {
  const folder = makeTemporaryFolder('cutter-tried-', [place])
  expect([dirname(folder), statSync(folder).mode & 0o777]).toEqual([place, 0o700])
})

test('makeTemporaryFolder takes the second place when the first one cannot be used, and names the first when none can', () => {
  const missing = join(place, 'missing')
  expect(dirname(makeTemporaryFolder('cutter-tried-', [missing, place]))).toBe(place)
  expect(() => makeTemporaryFolder('cutter-tried-', [missing, join(missing, 'too')])).toThrow(
    expect.objectContaining({ code: 'ENOENT', path: expect.stringContaining(`${missing}/cutter-tried-`) }),
  )
})
