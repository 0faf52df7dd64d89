import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { checksSchema } from '../../../src/effects/deploy/checks-file.ts'
import { createIsMutable, mutableExpression } from '../../../src/effects/deploy/mutable-paths.ts'
import { writeFiles } from '../../support/deploy-fixture.ts'

const PATHS = [
  'app.log',
  'log/a',
  'log/b/c.txt',
  'lib/app.log',
  'lib/x.js',
  'tmp',
  'a+b(c)/d',
  'logs',
  'café.db',
]

describe('mutable paths', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cutter-mutable-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  writeFiles(folder, Object.fromEntries(PATHS.map((path) => [path, 'x'])))

  test.each([
    ['log/**', ['log/a', 'log/b/c.txt']],
    ['log', ['log/a', 'log/b/c.txt']],
    ['log/', ['log/a', 'log/b/c.txt']],
    ['*.log', ['app.log']],
    ['**/*.log', ['lib/app.log']],
    ['l*b/*.js', ['lib/x.js']],
    ['a+b(c)', ['a+b(c)/d']],
    ['caf*.db', ['café.db']],
    ['lo?/a', []],
    ['none', []],
  ])('%s covers the same paths here and for find on the host', (pattern, expected) => {
    const isMutable = createIsMutable([pattern])
    expect(PATHS.filter(isMutable)).toEqual(expected)
    const found = execFileSync(
      'find',
      ['.', '-regextype', 'posix-extended', '-type', 'f', '-regex', `\\./${mutableExpression([pattern])}`],
      { cwd: folder, encoding: 'utf8' },
    )
    expect(found.split('\n').filter(Boolean).sort()).toEqual(expected.map((path) => `./${path}`).sort())
  })

  test.each(['/etc', '../x', 'a/../b', './x', '', 'a\nb'])('refuses the pattern %j', (pattern) => {
    expect(checksSchema.safeParse({ mutable: [pattern] }).success).toBe(false)
    expect(checksSchema.safeParse({ shared: [pattern] }).success).toBe(false)
  })

  test.each([['uploads/'], ['a//b'], ['a', 'a/b']])('refuses the shared paths %j', (...shared) => {
    expect(checksSchema.safeParse({ shared }).success).toBe(false)
  })

  test('takes shared paths below folders', () => {
    expect(checksSchema.safeParse({ shared: ['.env', 'config/keys', 'uploads'] }).success).toBe(true)
  })
})
