import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sha256 } from '../../../src/domain/json.ts'
import { parsePairs, readAnchor } from '../../../src/effects/deploy/read-commands.ts'
import { formatSum, readSum } from '../../../src/effects/deploy/tree-hashes.ts'

/** Names that a commit may hold, some of them with an allowance. */
const NAMES = [
  'plain.txt',
  'with space',
  ' first',
  'last ',
  '-rf',
  "quote's",
  'a"b',
  '$(touch x)',
  '*?[]',
  'back\\slash',
  'two\\\\slashes',
  '\\n',
  'b\\',
  'ü 日本',
  'a -> b',
  '# folder x',
  'sub/# link a -> b',
]

describe('a manifest with odd names', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cutter-manifest-'))
    for (const name of NAMES) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), name)
    }
    const lines = NAMES.map((name) => formatSum(sha256(name), name))
    writeFileSync(join(folder, 'DEPLOY-MANIFEST.txt'), `# run: idep-1\n# folder sub\n${lines.join('\n')}\n`)
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('is one that sha256sum -c accepts without a word', () => {
    const { status, stdout, stderr } = spawnSync(
      'sha256sum',
      ['-c', '--strict', '--quiet', 'DEPLOY-MANIFEST.txt'],
      { cwd: folder, encoding: 'utf8' },
    )
    expect([status, stdout, stderr]).toEqual([0, '', ''])
  })

  test.each(NAMES)('readSum reads the line of %j', (name) => {
    expect(readSum(formatSum(sha256(name), name))).toEqual({ path: name, sha256: sha256(name) })
  })

  test.each(NAMES)('the anchor of the release in force covers %j', (name) => {
    const ask = () => {
      const { argv } = readAnchor(folder, true, [])
      return parsePairs(execFileSync(argv[0]!, argv.slice(1), { encoding: 'utf8' }))
    }
    const before = ask()
    expect(before.files).toBe(String(NAMES.length))
    writeFileSync(join(folder, name), 'changed')
    expect(ask().treeHash).not.toBe(before.treeHash)
  })
})
