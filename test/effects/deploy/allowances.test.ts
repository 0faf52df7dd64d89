import { execFileSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Allowance, applyAllowances } from '../../../src/effects/deploy/allowances.ts'
import { artifactUncleanError } from '../../../src/effects/deploy/artifact-unclean-error.ts'
import { buildArtifact } from '../../../src/effects/deploy/build-artifact.ts'
import { resolveSource } from '../../../src/effects/deploy/resolve-source.ts'
import { TRUSTED_TOOLS } from '../../../src/tools/open-tools.ts'

const never = new AbortController().signal

describe('an allowance of a cache', () => {
  const cacheAt = (path: string) => ({ rule: 'cache', path, severity: 'refused', why: 'is a cache' }) as const
  const isAllowed = (pattern: string, path: string) => {
    const allow: Allowance[] = [{ path: pattern, kind: 'cache', reason: 'built elsewhere' }]
    return applyAllowances([cacheAt(path)], allow)[0]!.severity === 'warn'
  }

  test.each([
    ['node_modules/**', 'node_modules'],
    ['web/node_modules/**', 'web/node_modules'],
    ['**/node_modules/**', 'web/node_modules'],
    ['node_modules', 'node_modules'],
    ['node_modules/', 'node_modules'],
    ['*', 'node_modules'],
  ])('%s covers the finding of the folder %s', (pattern, path) => {
    expect(isAllowed(pattern, path)).toBe(true)
  })

  test.each([
    ['node_modules/left/**', 'node_modules'],
    ['node_modules', 'web/node_modules'],
    ['node_modules2/**', 'node_modules'],
  ])('%s does not cover the finding of the folder %s', (pattern, path) => {
    expect(isAllowed(pattern, path)).toBe(false)
  })
})

describe('a tree with a path that git takes out of no archive', () => {
  let repository: string
  beforeAll(() => {
    repository = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-names-')))
    git(['init', '--quiet'])
  })
  afterAll(() => rmSync(repository, { recursive: true, force: true }))

  const git = (args: string[], input = '') =>
    execFileSync('git', ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.org', ...args], {
      cwd: repository,
      input,
      encoding: 'utf8',
    }).trim()

  const include: Allowance[] = [
    { path: '**', kind: 'large-file-pointer', reason: 'all of them', include: true },
  ]

  test.each([
    ['..', [], '../x'],
    ['..', include, '../x'],
    ['.', [], './x'],
  ] as [string, Allowance[], string][])(
    '%s (allow %j) is refused by its name',
    async (folder, allow, path) => {
      const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'5'.repeat(64)}\nsize 3\n`
      const blob = git(['hash-object', '-w', '--stdin'], pointer)
      const below = git(['mktree'], `100644 blob ${blob}\tx\n`)
      const tree = git(['mktree'], `040000 tree ${below}\t${folder}\n`)
      const commit = git(['commit-tree', '-m', 'a step', tree])
      const source = await resolveSource({ source: repository, commit }, TRUSTED_TOOLS, never)
      await expect(
        buildArtifact(source, { tools: TRUSTED_TOOLS, signal: never, allow }),
      ).rejects.toMatchObject({
        facts: {
          code: 'STOP_ARTIFACT_UNCLEAN',
          message: expect.stringContaining(`${JSON.stringify(path)} `),
          next: expect.not.stringContaining('under allow'),
        },
      })
    },
  )
})

test('the refusal names allow only where an allowance helps', () => {
  const finding = { rule: 'git', path: 'a/.git/config', severity: 'refused', why: 'is part' } as const
  expect(artifactUncleanError([{ ...finding, fixed: true }]).facts.next).not.toContain('allow')
  expect(artifactUncleanError([{ ...finding, rule: 'secret' }]).facts.next).toContain('allow')
})
