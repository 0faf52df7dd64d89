import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findHome } from '../../src/config/load-config.ts'
import { isTrustedOwner } from '../../src/domain/trusted-owner.ts'

const STRANGER = 4242
/** The user of this process owns what the tests make. Another user asks, unless root can give the files away. */
const isRoot = process.getuid?.() === 0
const asker = isRoot ? 65_534 : STRANGER + 1

describe('isTrustedOwner', () => {
  test.for([
    { owner: 1000, uid: 1000, trusted: true, who: 'the own user' },
    { owner: 0, uid: 1000, trusted: true, who: 'root' },
    { owner: 1001, uid: 1000, trusted: false, who: 'another user' },
    { owner: 1001, uid: 0, trusted: false, who: 'another user, for root' },
    { owner: 1001, uid: 0, sudo: '1001', trusted: true, who: 'the caller of sudo' },
    { owner: 1002, uid: 0, sudo: '1001', trusted: false, who: 'another user than the caller of sudo' },
    { owner: 1001, uid: 1000, sudo: '1001', trusted: false, who: 'whom SUDO_UID names without root' },
    { owner: 1001, uid: 0, sudo: '', trusted: false, who: 'another user, with an empty SUDO_UID' },
    { owner: 1001, uid: undefined, trusted: true, who: 'anybody where files have no owners' },
  ])('answers $trusted for $who', ({ owner, uid, sudo, trusted }) => {
    expect(isTrustedOwner(owner, uid, { SUDO_UID: sudo })).toBe(trusted)
  })
})

describe('a cutter.yaml above the working folder', () => {
  let top = ''
  let below = ''
  beforeEach(() => {
    top = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-home-')))
    chmodSync(top, 0o755)
    below = join(top, 'a', 'b')
    mkdirSync(below, { recursive: true })
    writeFileSync(join(top, 'cutter.yaml'), 'tools: { git: /bin/false }\n')
  })
  afterEach(() => rmSync(top, { recursive: true }))

  const refusal = (cwd: string, env: NodeJS.ProcessEnv = {}, uid = asker) => {
    try {
      findHome(undefined, env, cwd, uid)
    } catch (error) {
      return error as { code: string; message: string; next: string }
    }
    return null
  }
  const give = (path: string) => {
    if (isRoot) chownSync(path, STRANGER, STRANGER)
  }

  test('is found when it belongs to the user that runs Cutter', () => {
    expect(findHome(undefined, {}, below)).toBe(top)
  })

  test('is refused when it belongs to somebody else, with the way to allow it', () => {
    give(join(top, 'cutter.yaml'))
    expect(refusal(below)).toMatchObject({ code: 'FILES_UNSAFE' })
    expect(refusal(below)?.message).toContain(join(top, 'cutter.yaml'))
    expect(refusal(below)?.next).toContain(`--home ${top}`)
    expect(refusal(below)?.next).toContain(`CUTTER_HOME=${top}`)
  })

  test('is refused in the working folder too', () => {
    give(join(top, 'cutter.yaml'))
    expect(refusal(top)?.code).toBe('FILES_UNSAFE')
  })

  test('is accepted when its folder is named', () => {
    give(join(top, 'cutter.yaml'))
    expect(findHome(top, {}, below, asker)).toBe(top)
    expect(findHome(undefined, { CUTTER_HOME: top }, below, asker)).toBe(top)
  })

  test('is refused when somebody else owns its folder', () => {
    give(top)
    expect(refusal(below)?.code).toBe('FILES_UNSAFE')
  })

  test('is refused when a link of somebody else leads to a file of root', () => {
    rmSync(join(top, 'cutter.yaml'))
    symlinkSync('/etc/passwd', join(top, 'cutter.yaml'))
    if (isRoot) lchownSync(join(top, 'cutter.yaml'), STRANGER, STRANGER)
    expect(refusal(below)?.code).toBe('FILES_UNSAFE')
  })

  test('is not reached when a nearer one is the user’s own', () => {
    give(join(top, 'cutter.yaml'))
    writeFileSync(join(top, 'a', 'cutter.yaml'), '')
    expect(findHome(undefined, {}, below)).toBe(join(top, 'a'))
  })
})
