import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { followFile } from '../../../src/effects/deploy/follow-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'cutter-follow-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('followFile', () => {
  test.each([
    ['slowly', 'for i in 1 2 3 4 5 6 7 8; do printf "$i"; sleep 0.02; done', '12345678'],
    ['at once', 'head -c 3000000 /dev/zero | tr "\\0" x', 'x'.repeat(3_000_000)],
    ['nothing', ':', ''],
    ['and fails', 'printf ab; sleep 0.05; printf c; exit 3', 'abc'],
  ])('reads everything that a program writes %s', async (how, script, expected) => {
    const file = join(folder, how.replaceAll(' ', '-'))
    const child = spawn('sh', ['-c', script], { stdio: ['ignore', openSync(file, 'wx'), 'inherit'] })
    const writing = once(child, 'close').then(([code]) => {
      if (code !== 0) throw new Error('failed')
    })
    writing.catch(() => undefined)
    const chunks: Buffer[] = []
    for await (const chunk of followFile(file, writing)) chunks.push(chunk)
    expect(Buffer.concat(chunks).toString() === expected).toBe(true)
  })
})
