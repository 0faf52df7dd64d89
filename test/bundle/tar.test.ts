import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pack } from 'tar-stream'
import { describe, expect, test } from 'vitest'
import { isTar, unpackTar } from '../../src/bundle/tar.ts'
import { tarOf } from './bundle-fixture.ts'

const files = new Map([
  ['b.json', Buffer.from('{}')],
  ['a/empty', Buffer.alloc(0)],
  ['a/large', Buffer.alloc(700_001, 7)],
  ['B.json', Buffer.from('upper case comes first')],
])

describe('the tar of a bundle', () => {
  test('does not depend on the order of the files, and can be read', async () => {
    const tar = await tarOf(files)
    expect((await tarOf(new Map([...files].reverse()))).equals(tar)).toBe(true)
    const unpacked = await unpackTar(tar)
    if ('fault' in unpacked) throw new Error(unpacked.fault)
    expect([...unpacked.files.keys()]).toEqual(['B.json', 'a/empty', 'a/large', 'b.json'])
    for (const [name, bytes] of files) expect(bytes.equals(unpacked.files.get(name)!)).toBe(true)
  })

  test('is plain ustar that tar unpacks', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cutter-tar-'))
    writeFileSync(join(folder, 'x.tar'), await tarOf(files))
    execFileSync('tar', ['-xf', 'x.tar'], { cwd: folder })
    for (const [name, bytes] of files) expect(readFileSync(join(folder, name)).equals(bytes)).toBe(true)
    rmSync(folder, { recursive: true })
  })

  test('is refused with any flipped bit of a header, of padding or of the end', async () => {
    const tar = await tarOf(new Map([['a', Buffer.from('x')]]))
    expect(tar).toHaveLength(512 * 4)
    for (let at = 0; at < tar.length; at += 1) {
      if (at === 512) continue
      const altered = Buffer.from(tar)
      altered[at]! ^= 1 << (at % 8)
      expect(await unpackTar(altered), `byte ${at}`).toHaveProperty('fault')
    }
  })
})

describe('unpackTar', () => {
  const made = async (header: Parameters<ReturnType<typeof pack>['entry']>[0], ...names: string[]) => {
    const tar = pack()
    for (const name of names) tar.entry({ ...header, name }, header.type === 'file' ? 'text' : '')
    tar.finalize()
    const chunks: Buffer[] = []
    for await (const chunk of tar as AsyncIterable<Buffer>) chunks.push(chunk)
    return Buffer.concat(chunks)
  }
  const file = { name: '', type: 'file', mode: 0o644, mtime: new Date(0) } as const

  test.each(['../run.json', '/etc/passwd', 'a/../b', 'a/b/c', '-rf', './a', 'a b', 'ä', '.hidden', 'a//b'])(
    'refuses the name %s',
    async (name) => {
      expect(await unpackTar(await made(file, name))).toMatchObject({
        fault: 'the name of a file is not valid in a bundle',
      })
    },
  )

  test.each(['symlink', 'link', 'directory', 'fifo', 'character-device'] as const)(
    'refuses a tar with a %s',
    async (type) => {
      expect(await unpackTar(await made({ ...file, type, linkname: 'run.json' }, 'a'))).toMatchObject({
        fault: expect.stringContaining('is not a file'),
      })
    },
  )

  test('refuses a name that occurs twice, another time, another mode and trailing bytes', async () => {
    expect(await unpackTar(await made(file, 'a', 'a'))).toMatchObject({ fault: 'it holds the file a twice' })
    expect(await unpackTar(await made({ ...file, mtime: new Date(5_000) }, 'a'))).toHaveProperty('fault')
    expect(await unpackTar(await made({ ...file, mode: 0o600 }, 'a'))).toHaveProperty('fault')
    expect(await unpackTar(await made({ ...file, uname: 'root' }, 'a'))).toHaveProperty('fault')
    expect(await unpackTar(await made(file, 'b', 'a'))).toHaveProperty('fault')
    const tar = await tarOf(files)
    for (const more of [1, 512, 10_240]) {
      expect(await unpackTar(Buffer.concat([tar, Buffer.alloc(more)]))).toHaveProperty('fault')
    }
    for (const less of [1, 512, 1_024, 1_500]) {
      expect(await unpackTar(tar.subarray(0, tar.length - less))).toHaveProperty('fault')
    }
  })

  test('differs from bytes that are not a tar', async () => {
    expect(isTar(await tarOf(files))).toBe(true)
    for (const text of ['', 'text', '\u001f\u008b gzip'.repeat(200)]) {
      expect(isTar(Buffer.from(text))).toBe(false)
    }
  })
})
