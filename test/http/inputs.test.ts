import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { admitPaths } from '../../src/service/access/input-files.ts'
import { pruneUploads } from '../../src/service/uploads.ts'
import { aService, type HttpService } from '../support/http-service.ts'

/** What a caller can make the service read by what lies below a folder of inputs. */

let at: HttpService
let operator: string
const inHome = (name: string) => join(at.home.folder, name)

beforeAll(async () => {
  at = await aService('inputs: [./in]\nhosts: { web1: { ssh: web1 } }\n')
  operator = await at.token({ name: 'deploybot', role: 'operator' })
  mkdirSync(inHome('in/bundle'), { recursive: true })
  writeFileSync(inHome('in/a.md'), '# A\n')
  writeFileSync(inHome('in/bundle/bundle.yaml'), 'name: x\n')
  writeFileSync(inHome('in/bundle/up.sql'), 'select 1;\n')
  writeFileSync(inHome('secret.sql'), 'select 2;\n')
})
afterAll(() => at.remove())

const admit = (machine: string, input: { [field: string]: string }) =>
  admitPaths(
    {
      isConfined: true,
      sent: null,
      folder: at.home.folder,
      config: at.home.config,
      cwd: at.home.cwd,
      interrupt: at.home.interrupt,
    },
    machine,
    input,
  )

describe('a file of inputs', () => {
  test('is read as it was at the start, whatever lies there later', async () => {
    const { source } = await admit('cut', { source: 'in/a.md' })
    rmSync(inHome('in/a.md'))
    symlinkSync(inHome('cutter.yaml'), inHome('in/a.md'))
    expect(readFileSync(source as string, 'utf8')).toBe('# A\n')
    await expect(admit('cut', { source: 'in/a.md' })).rejects.toMatchObject({ code: 'INPUT_REFUSED' })
    rmSync(inHome('in/a.md'))
    writeFileSync(inHome('in/a.md'), '# A\n')
    expect((await admit('cut', { source: 'in/a.md' })).source).toBe(source)
  })

  test('that is swapped again and again is never read from elsewhere', async () => {
    const secret = createHash('sha256')
      .update(readFileSync(inHome('secret.sql')))
      .digest('hex')
    symlinkSync(inHome('secret.sql'), inHome('in/link'))
    let done = false
    const swapping = (async () => {
      while (!done) {
        renameSync(inHome('in/a.md'), inHome('in/kept'))
        renameSync(inHome('in/link'), inHome('in/a.md'))
        await new Promise((next) => setImmediate(next))
        renameSync(inHome('in/a.md'), inHome('in/link'))
        renameSync(inHome('in/kept'), inHome('in/a.md'))
        await new Promise((next) => setImmediate(next))
      }
    })()
    for (let n = 0; n < 300; n++) {
      const settled = await admit('cut', { source: 'in/a.md' }).catch(() => null)
      expect(settled === null || !String(settled.source).endsWith(secret)).toBe(true)
    }
    done = true
    await swapping
    rmSync(inHome('in/link'))
  })
})

describe('a migration bundle of inputs', () => {
  test('is copied with its name', async () => {
    const { bundle } = await admit('migrate', { bundle: 'in/bundle' })
    expect(bundle).toMatch(/\/var\/uploads\/bundle-[0-9a-f]{64}\/bundle$/)
    expect(readFileSync(join(bundle as string, 'up.sql'), 'utf8')).toBe('select 1;\n')
    expect((await admit('migrate', { bundle: 'in/bundle' })).bundle).toBe(bundle)
  })

  test.each(['file', 'folder'])('with a link that leads to a %s outside is refused', async (kind) => {
    cpSync(inHome('in/bundle'), inHome('in/linked'), { recursive: true })
    if (kind === 'file') symlinkSync(inHome('secret.sql'), inHome('in/linked/more.sql'))
    else {
      rmSync(inHome('in/linked'), { recursive: true })
      mkdirSync(inHome('outside'), { recursive: true })
      symlinkSync(inHome('outside'), inHome('in/linked'))
    }
    await expect(admit('migrate', { bundle: 'in/linked' })).rejects.toMatchObject({ code: 'INPUT_REFUSED' })
    rmSync(inHome('in/linked'), { recursive: true })
  })
})

describe('a migration bundle that is sent', () => {
  const file = async (text: string) =>
    (
      await at.post('/api/v1/uploads', operator, text, {
        headers: { 'content-type': 'application/octet-stream' },
      })
    ).json.upload as string
  const folder = (name: unknown, files: unknown) =>
    at.post('/api/v1/uploads/folders', operator, { name, files })

  test('file by file is the folder of a run, under its own name', async () => {
    const files = { 'bundle.yaml': await file('name: x\n'), 'up.sql': await file('select 1;\n') }
    const { status, json } = await folder('add-index', files)
    expect([status, json.files, json.bytes]).toEqual([201, 2, 18])
    expect((await folder('add-index', files)).json).toEqual(json)
    const { bundle } = await admit('migrate', { bundle: json.upload })
    expect(bundle).toMatch(/\/var\/uploads\/bundle-[0-9a-f]{64}\/add-index$/)
    expect(readFileSync(join(bundle as string, 'up.sql'), 'utf8')).toBe('select 1;\n')
    expect((await folder('another-name', files)).json.upload).not.toBe(json.upload)
  })

  test.each<[what: string, why: string, name: string, file: string]>([
    ['a name that leads out', 'is no plain name', '..', 'up.sql'],
    ['a name with folders', 'is no plain name', 'a/b', 'up.sql'],
    ['a file that leads out', 'is no plain name', 'x', '../../up.sql'],
    ['a file with a zero byte', 'is no plain name', 'x', 'up\0.sql'],
    ['a hidden file', 'is no plain name', 'x', '.up.sql'],
    ['a file of another kind', 'is no SQL or YAML file', 'x', 'up.sh'],
    ['a prototype', 'is no SQL or YAML file', 'x', 'constructor'],
  ])('with %s is refused: it %s', async (_, why, name, given) => {
    const { status, json } = await folder(name, { [given]: await file('select 1;\n') })
    expect([status, json.code]).toEqual([422, 'INPUT_REFUSED'])
    expect(json.detail).toContain(why)
  })

  test('with a file that was not uploaded, or without any, is refused', async () => {
    for (const files of [{ 'up.sql': `upload:${'0'.repeat(64)}` }, { 'up.sql': inHome('secret.sql') }, {}])
      expect((await folder('x', files)).json.code).toBe('INPUT_REFUSED')
  })
})

test('checks have a limit of their own', async () => {
  git('init', '-q', 'in/checked')
  writeFileSync(inHome('in/large.yaml'), `# ${'x'.repeat(1024 * 1024)}\n`)
  const input = { source: 'in/checked', host: 'web1', checks: 'in/large.yaml' }
  await expect(admit('deploy', input)).rejects.toMatchObject({
    code: 'INPUT_REFUSED',
    message: expect.stringContaining('more than 1048576 bytes'),
  })
})

const git = (...args: string[]) => execFileSync('git', args, { cwd: at.home.folder, stdio: 'ignore' })

describe('a repository of inputs', () => {
  const FORMS: [string, () => void][] = [
    [
      'whose .git is a file that names a folder outside',
      () => writeFileSync(inHome('in/repo/.git'), `gitdir: ${inHome('elsewhere/.git')}\n`),
    ],
    [
      'whose .git is a link that leads outside',
      () => symlinkSync(inHome('elsewhere/.git'), inHome('in/repo/.git')),
    ],
    [
      'with objects of a repository outside',
      () => {
        cpSync(inHome('elsewhere/.git'), inHome('in/repo/.git'), { recursive: true })
        writeFileSync(inHome('in/repo/.git/objects/info/alternates'), `${inHome('elsewhere/.git/objects')}\n`)
      },
    ],
    [
      'whose objects are a link',
      () => {
        cpSync(inHome('elsewhere/.git'), inHome('in/repo/.git'), { recursive: true })
        rmSync(inHome('in/repo/.git/objects'), { recursive: true })
        symlinkSync(inHome('elsewhere/.git/objects'), inHome('in/repo/.git/objects'))
      },
    ],
    ['that is part of one around inputs', () => git('init', '-q', '.')],
  ]

  test.each(FORMS)('%s is refused', async (_, make) => {
    git('init', '-q', 'elsewhere')
    mkdirSync(inHome('in/repo'))
    make()
    await expect(admit('deploy', { source: 'in/repo', host: 'web1' })).rejects.toMatchObject({
      code: 'INPUT_REFUSED',
    })
    for (const made of ['in/repo', 'elsewhere', '.git'])
      rmSync(inHome(made), { recursive: true, force: true })
  })

  test('that is complete is accepted, for a configured host and no other', async () => {
    git('init', '-q', 'in/own')
    expect(await admit('deploy', { source: 'in/own', host: 'web1' })).toMatchObject({
      source: inHome('in/own'),
    })
    for (const host of ['127.0.0.1', 'web2', 'constructor', '__proto__', 'web1,web2', 'web1, 127.0.0.1']) {
      const body = { machine: 'deploy', input: { source: 'in/own', host, commit: 'main', path: '/srv/x' } }
      const { json } = await at.post('/api/v1/runs', operator, body)
      expect(json).toMatchObject({ code: 'INPUT_REFUSED', touched: [] })
      expect(json.detail).toContain('names no host')
    }
  })
})

test('the hosts of an adoption are those of cutter.yaml by their names here, whatever the bundle calls them', async () => {
  writeFileSync(inHome('in/run.tar'), 'a bundle')
  const adopt = (host: string) => admit('adopt', { bundle: 'in/run.tar', host })
  for (const host of ['web1', 'there=web1', '127.0.0.1=web1'])
    expect(await adopt(host)).toMatchObject({ host })
  for (const host of ['web1=127.0.0.1', 'there=web1,web1=there', 'web1=', 'web1=a=web1'])
    await expect(adopt(host)).rejects.toMatchObject({ message: expect.stringContaining('names no host') })
})

test('uploads are removed after a week, unless an open run names them', async () => {
  const { json } = await at.post('/api/v1/uploads', operator, 'bytes', {
    headers: { 'content-type': 'application/octet-stream' },
  })
  const file = inHome(`var/uploads/${json.sha256}`)
  await pruneUploads(at.home)
  expect(readFileSync(file, 'utf8')).toBe('bytes')
  const old = new Date(Date.now() - 8 * 86_400_000)
  utimesSync(file, old, old)
  const naming = { list: async () => [{ input: { source: file } }] } as unknown as typeof at.home.store
  await pruneUploads({ folder: at.home.folder, store: naming })
  expect(readFileSync(file, 'utf8')).toBe('bytes')
  await pruneUploads(at.home)
  expect(() => readFileSync(file)).toThrow()
})
