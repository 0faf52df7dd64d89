import { chmodSync, lstatSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findSocketPath } from '../../../src/service/access/socket-path.ts'

const LONG = `/srv/${'x'.repeat(100)}`
const uid = process.getuid?.() ?? 0
let temporary: string

beforeEach(() => {
  temporary = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-socket-')))
})
afterEach(() => rmSync(temporary, { recursive: true }))

test('the socket is in var, or in the runtime folder of the user where that path is too long', () => {
  expect(findSocketPath('/srv/home', {}, temporary)).toBe('/srv/home/var/cutter.sock')
  expect(findSocketPath(LONG, { XDG_RUNTIME_DIR: '/run/user/1' }, temporary)).toMatch(
    /^\/run\/user\/1\/cutter-[0-9a-f]{16}\.sock$/,
  )
})

test('without a runtime folder it is in a folder that only the user may use', () => {
  const path = findSocketPath(LONG, {}, temporary)
  expect(path).toMatch(new RegExp(`^${temporary}/cutter-${uid}/cutter-[0-9a-f]{16}\\.sock$`))
  expect(lstatSync(join(temporary, `cutter-${uid}`)).mode & 0o777).toBe(0o700)
  expect(findSocketPath(LONG, {}, temporary)).toBe(path)
})

test.each([
  [
    'others may write to',
    (folder: string) => {
      mkdirSync(folder)
      chmodSync(folder, 0o777)
    },
  ],
  ['is a link', (folder: string) => symlinkSync('/tmp', folder)],
])('a folder of that name that %s is refused', (_, make) => {
  make(join(temporary, `cutter-${uid}`))
  expect(() => findSocketPath(LONG, {}, temporary)).toThrow(expect.objectContaining({ code: 'FILES_UNSAFE' }))
})
