import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'

/** Evidence bundles that released builds exported, verified by the build under test. */

const COMMIT = 'ec8f423'
const folder = resolve(import.meta.dirname, '../fixtures', COMMIT, 'bundles')
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.tar.gz'))
  .map((name) => name.slice(0, -'.tar.gz'.length))
const program = resolve(import.meta.dirname, '../../dist/cutter.cjs')
const unpacked = mkdtempSync(join(tmpdir(), 'cutter-bundles-'))
afterAll(() => rmSync(unpacked, { recursive: true }))

type Answer = { notes: string[] }

describe(`bundles of release ${COMMIT}`, () => {
  test.each(names)('verify answers the bundle %s as that release did', async (name) => {
    const file = join(unpacked, `${name}.tar`)
    writeFileSync(file, gunzipSync(readFileSync(join(folder, `${name}.tar.gz`))))
    const args = [program, 'verify', file, '--signers', join(folder, 'allowed_signers'), '--json']
    const { stdout } = await promisify(execFile)(process.execPath, args)
    const { notes, ...then } = JSON.parse(readFileSync(join(folder, `${name}.verify.json`), 'utf8')) as Answer
    const now = JSON.parse(stdout) as Answer
    expect(now).toMatchObject(then)
    // Notes are sentences for people: their wording may improve.
    expect(now.notes).toHaveLength(notes.length)
  })
})
