import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findWritableByOthers, findWritableByThisProcess } from '../../src/approvals/file-permissions.ts'

const us = process.getuid?.() ?? -1
const asRoot = us === 0
const stranger = 4_321
let folder: string
let file: string

describe.skipIf(process.platform === 'win32')('findWritableByOthers', () => {
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-modes-')))
    mkdirSync(join(folder, 'home'), { mode: 0o755 })
    file = join(folder, 'home', 'allowed_signers')
    writeFileSync(file, '')
    chmodSync(file, 0o644)
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const fault = (groups?: { group: string; passwd: string }) => findWritableByOthers(file, us, groups)

  it('a file is safe if only its owner may write it, below a sticky folder too, and if it is missing', () => {
    expect(fault()).toBeNull()
    mkdirSync(join(folder, 'shared'))
    chmodSync(join(folder, 'shared'), 0o1777)
    writeFileSync(join(folder, 'shared', 'mine'), '')
    expect(findWritableByOthers(join(folder, 'shared', 'mine'), us)).toBeNull()
    expect(findWritableByOthers(join(folder, 'home', 'nowhere'), us)).toBeNull()
  })

  it.each([
    ['everybody may write it', 0o646, /allowed_signers has mode 0646: everybody may write it/],
    ['its group may write it', 0o664, /allowed_signers has mode 0664: its group \(\d+\) may write it/],
  ])('a file is not safe if %s, and the fault says how to correct it', (_, mode, says) => {
    chmodSync(file, mode)
    const found = findWritableByOthers(file, us, { group: '/dev/null', passwd: '/dev/null' })
    expect(found).toMatchObject({ file, next: `once you know what it holds: chmod go-w ${file}` })
    expect(found?.message).toMatch(says)
    chmodSync(file, mode & ~0o022)
    expect(fault()).toBeNull()
  })

  it('a file is not safe if others may write a folder above it, and the fault names the folder', () => {
    chmodSync(folder, 0o777)
    const found = fault()
    expect(found?.message).toContain(`${folder}, on the path to ${file}, has mode 0777`)
    expect(found?.next).toContain(`chmod go-w ${folder}`)
  })

  it('a link is checked where it leads and where it is', () => {
    mkdirSync(join(folder, 'open'))
    chmodSync(join(folder, 'open'), 0o777)
    symlinkSync(file, join(folder, 'open', 'link'))
    symlinkSync(join(folder, 'open', 'link'), join(folder, 'home', 'link'))
    expect(findWritableByOthers(join(folder, 'home', 'link'), us)?.message).toContain(join(folder, 'open'))
    symlinkSync(file, join(folder, 'home', 'direct'))
    expect(findWritableByOthers(join(folder, 'home', 'direct'), us)).toBeNull()
    chmodSync(file, 0o666)
    expect(findWritableByOthers(join(folder, 'home', 'direct'), us)?.message).toContain(file)
    symlinkSync(join(folder, 'home', 'loop'), join(folder, 'home', 'loop'))
    expect(findWritableByOthers(join(folder, 'home', 'loop'), us)).toBeNull()
  })

  it.skipIf(process.platform === 'darwin')('a file may be written by a group without other members', () => {
    const gid = process.getgid!()
    const list = (name: string, ...lines: string[]) => {
      writeFileSync(join(folder, name), `${lines.join('\n')}\n`)
      return join(folder, name)
    }
    const passwd = list(
      'passwd',
      `me:x:${us}:${gid}::/:/bin/sh`,
      'bob:x:4321:4321::/:/bin/sh',
      'root:x:0:0::/:/',
    )
    chmodSync(file, 0o664)
    const withGroup = (...lines: string[]) => fault({ group: list('group', ...lines), passwd })
    expect(withGroup(`mine:x:${gid}:`)).toBeNull()
    expect(withGroup(`mine:x:${gid}:me,root`)).toBeNull()
    expect(withGroup(`mine:x:${gid}:me,bob`)).not.toBeNull()
    expect(withGroup(`mine:x:${gid}:gone`)).not.toBeNull()
    expect(withGroup('other:x:999999:')).not.toBeNull()
    const shared = list('passwd-2', `me:x:${us}:${gid}::/:/`, `bob:x:${stranger}:${gid}::/:/`)
    expect(fault({ group: list('group', `users:x:${gid}:`), passwd: shared })).not.toBeNull()
  })

  it.skipIf(!asRoot)('a file may belong to root or to the user of the process, and to nobody else', () => {
    expect(findWritableByOthers(file, stranger)).toBeNull()
    chownSync(file, stranger, stranger)
    expect(findWritableByOthers(file, stranger)).toBeNull()
    const found = fault()
    expect(found?.message).toContain(`${file} belongs to user id ${stranger}`)
    expect(found?.next).toContain(`chown 0 ${file}`)
  })

  it('findWritableByThisProcess reports a file that the process could write: as root always, as owner in any mode', () => {
    expect(findWritableByThisProcess(file, 0)).toMatchObject({
      file,
      message: expect.stringContaining('runs as root'),
    })
    expect(findWritableByThisProcess(file, 0, 'change what was approved')?.message).toContain(
      'could change what was approved',
    )
    expect(findWritableByThisProcess(file, stranger)).toMatchObject({
      message: expect.stringMatching(`^user id ${stranger}, as which this process runs, may write /`),
      next: expect.stringContaining('chown root'),
    })
    if (asRoot) return
    chmodSync(file, 0o400)
    expect(findWritableByThisProcess(file, us)?.message).toContain(`owns ${folder}`)
  })
})
