import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256 } from '../../../src/domain/json.ts'
import type { ArtifactEntry } from '../../../src/effects/deploy/artifact-entry.ts'
import type { HostCommand } from '../../../src/effects/deploy/host-session.ts'
import { listSums, parsePairs, readAnchor } from '../../../src/effects/deploy/read-commands.ts'
import { hashTree } from '../../../src/effects/deploy/tree-hashes.ts'

/** A host may hash by openssl or by sha256sum. The commands give the same, whatever names its files have. */

const ODD_NAMES = [
  'a b',
  'back\\slash',
  'line\nbreak',
  '-dash',
  '*star',
  'é',
  'x *y',
  "quote'",
  '$(id)',
  'end ',
]
const openssl = spawnSync('openssl', ['version']).status === 0 ? null : 'there is no openssl on this machine'

describe('files of a host', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cutter-hashes-'))
  const tools = join(folder, 'tools')
  beforeAll(() => {
    for (const tree of ['odd', 'plain', 'empty', 'many']) mkdirSync(join(folder, tree))
    for (const name of ODD_NAMES) writeFileSync(join(folder, 'odd', name), `text of ${name}`)
    writeFileSync(join(folder, 'plain', 'a'), 'a')
    writeFileSync(join(folder, 'plain', 'b'), '')
    // More than one call of xargs takes.
    for (let at = 0; at < 3000; at += 1)
      writeFileSync(join(folder, 'many', `${'n'.repeat(60)}${at}`), `${at}`)
    mkdirSync(tools)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  /** Host programs without openssl, or with an openssl of this text. */
  function pathWith(script: string | null): string {
    const place = join(tools, script === null ? 'none' : sha256(script).slice(0, 8))
    mkdirSync(place, { recursive: true })
    const names = 'sh find xargs sort sed tr cut grep head stat wc cat sha256sum git id readlink'
    for (const name of names.split(' ')) {
      const file = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim()
      try {
        if (file.startsWith('/')) symlinkSync(file, join(place, name))
      } catch {
        // An earlier case has made it.
      }
    }
    if (script === null) return place
    writeFileSync(join(place, 'openssl'), script)
    chmodSync(join(place, 'openssl'), 0o755)
    return place
  }
  const run = ({ argv: [program, ...args] }: HostCommand, PATH: string) =>
    spawnSync(program!, args, { encoding: 'utf8', env: { PATH, LC_ALL: 'C' } })
  const paths: [string, () => string][] = [
    ['openssl', () => process.env.PATH!],
    ['sha256sum alone', () => pathWith(null)],
    ['an openssl that hashes nothing', () => pathWith('#!/bin/sh\nexit 1\n')],
    ['an openssl that prints another form', () => pathWith('#!/bin/sh\necho "SHA256(stdin)= e3b0"\n')],
  ]
  const sumsOf = (tree: string) =>
    execFileSync('sh', ['-c', 'find . -type f -print0 | xargs -0 -r sha256sum -z --'], {
      cwd: join(folder, tree),
      encoding: 'utf8',
    })
  const sorted = (text: string) =>
    text
      .split('\0')
      .map((line) => [line.slice(66), line.slice(0, 64)].join(' '))
      .sort()

  describe.each(paths)('with %s', (name, path) => {
    test.skipIf(name === 'openssl' && openssl !== null).each(['odd', 'plain', 'empty', 'many'])(
      'are listed in the tree %s as sha256sum lists them',
      (tree) => {
        const { status, stdout } = run(listSums(join(folder, tree)), path())
        expect(status).toBe(0)
        expect(sorted(stdout)).toEqual(sorted(sumsOf(tree)))
      },
    )

    test.skipIf(name === 'openssl' && openssl !== null).each(['odd', 'plain', 'empty', 'many'])(
      'have in the tree %s the hash that the artifact has',
      (tree) => {
        const entries = sorted(sumsOf(tree))
          .filter((line) => line.length > 64)
          .map((line): ArtifactEntry => {
            const [at, hash] = [line.slice(0, -65), line.slice(-64)]
            return { path: at.replace(/^\.\//, ''), type: 'file', mode: 0o644, size: 1, sha256: hash }
          })
        const { stdout } = run(readAnchor(join(folder, tree), false, []), path())
        const expected = tree === 'odd' ? escapedTreeHash('odd') : hashTree(entries).treeHash
        expect(parsePairs(stdout).treeHash).toBe(expected)
      },
    )

    test.skipIf(name === 'openssl' && openssl !== null)('make the list fail when one is gone', () => {
      const command = listSums(join(folder, 'plain'))
      const [, , script] = command.argv
      const gone = {
        ...command,
        argv: command.argv.with(2, script!.replace('-print0', '-print0 -printf "gone\\0"')),
      }
      expect(run(gone, path()).status).not.toBe(0)
    })
  })

  /** No artifact holds a line break in a name, so that sha256sum itself says what a tree with one has. */
  const escapedTreeHash = (tree: string) =>
    execFileSync(
      'sh',
      ['-c', 'find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-64'],
      {
        cwd: join(folder, tree),
        encoding: 'utf8',
      },
    ).trim()
})
