import { execFile, spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { describeWithKeys } from '../support/ssh-keys.ts'
import { answerOf, pathOf, tarOfVector, vectors } from './read-vectors.ts'

/** Each vector gets one answer from both verifiers: `cutter verify`, and docs/verify.py, which runs where nothing of Cutter is. */

const all = vectors().map((vector) => [vector.name, vector] as const)
const folder = mkdtempSync(join(tmpdir(), 'cutter-second-verifier-'))
const second = join(folder, 'verify.py')
copyFileSync(resolve(import.meta.dirname, '../../docs/verify.py'), second)
afterAll(() => rmSync(folder, { recursive: true }))

describeWithKeys('cutter verify', () => {
  test.each(all)('answers as recorded for the vector %s', async (_, { answer, ...given }) => {
    expect(await answerOf(given)).toEqual(answer)
  })
})

const hasPython = spawnSync('python3', ['--version']).status === 0
const describeWithPython = hasPython ? describeWithKeys : describe.skip

describeWithPython('docs/verify.py (needs python3)', () => {
  test.each(all)(
    'answers as recorded for the vector %s',
    async (name, { answer, file, signers, revoked, args }) => {
      const tar = join(folder, `${name}.tar`)
      writeFileSync(tar, tarOfVector({ file }))
      const files = [
        ...(signers === undefined ? [] : ['--signers', pathOf(signers)]),
        ...(revoked === undefined ? [] : ['--revoked', pathOf(revoked)]),
      ]
      const { exit, stdout } = await run('python3', [second, tar, ...files, ...args])
      const { holds, outcome = null } = JSON.parse(stdout) as { holds: boolean; outcome?: string | null }
      expect({ holds, outcome, exit }).toEqual({
        holds: answer.holds,
        outcome: answer.outcome,
        exit: answer.exit,
      })
    },
  )

  test('has at most 300 lines, and imports only the standard library', () => {
    const text = readFileSync(second, 'utf8')
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(300)
    const imported = [...text.matchAll(/^(?:import|from) (.+)$/gm)].flatMap(([, names]) => names!.split(', '))
    expect(imported.map((name) => name.split('.')[0]).sort()).toEqual(STANDARD)
  })
})

const STANDARD =
  'argparse base64 calendar datetime decimal hashlib json os pathlib re subprocess sys tempfile unicodedata urllib'.split(
    ' ',
  )

describe('the folder of vectors', () => {
  test('holds the files that vectors.json names, and no other bundle', () => {
    const named = all
      .flatMap(([, { file, signers, revoked }]) => [file, signers, revoked])
      .filter((name) => name?.includes('/') === false)
    const found = readdirSync(import.meta.dirname).filter((name) => /\.(tar\.gz|signers|revoked)$/.test(name))
    expect([...new Set(named)].sort()).toEqual(found.sort())
  })

  test('has a vector of each fault that verify can find', () => {
    const source = readFileSync(resolve(import.meta.dirname, '../../src/bundle/bundle-fault.ts'), 'utf8')
    const codes = [...source.matchAll(/^ {2}\| '([A-Z_]+)'$/gm)].map(([, code]) => code)
    const shown = new Set(all.map(([, { answer }]) => answer.fault))
    expect(codes.filter((code) => !shown.has(code!))).toEqual([])
  })
})

async function run(program: string, args: string[]): Promise<{ exit: number; stdout: string }> {
  try {
    return { exit: 0, stdout: (await promisify(execFile)(program, args)).stdout }
  } catch (error) {
    const { code, stdout } = error as { code: number; stdout: string }
    return { exit: code, stdout }
  }
}
