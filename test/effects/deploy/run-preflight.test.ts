import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { parseChecks } from '../../../src/effects/deploy/checks-file.ts'
import type { HostCommand, HostSession } from '../../../src/effects/deploy/host-session.ts'
import { resolvePaths } from '../../../src/effects/deploy/paths.ts'
import type { PreflightSubject } from '../../../src/effects/deploy/preflight-check.ts'
import { runPreflight } from '../../../src/effects/deploy/run-preflight.ts'

/** A session whose host is this machine: it runs the script of the preflight and nothing else. */
const session = {
  async text({ argv }: HostCommand) {
    const { stdout, status } = spawnSync(argv[0]!, argv.slice(1), { encoding: 'utf8' })
    expect(status).toBe(0)
    return stdout
  },
} as unknown as HostSession

let folder: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-preflight-')))
})
afterEach(() => rmSync(folder, { recursive: true }))

function createSubject(
  path: string,
  checks: object = {},
  strategy: 'side-by-side' | 'release' = 'side-by-side',
) {
  const commit = { commit: '0123456789abcdef', committedAt: '2026-01-02T03:04:05.000Z' }
  const place = resolvePaths({ path, strategy, previous: [] }, commit)
  return {
    place,
    facts: { clockAheadSeconds: 0 },
    artifact: { bytes: 1000, files: 3 },
    checks: parseChecks(checks, 'checks.yaml'),
    runId: 'idep-1',
  } as PreflightSubject
}

async function find(subject: PreflightSubject) {
  const { findings } = await runPreflight(session, subject)
  return Object.fromEntries(findings.map(({ check, status, message }) => [check, `${status}: ${message}`]))
}

describe('runPreflight', () => {
  test('finds nothing wrong with a free target in a writable folder, in the order of its table', async () => {
    // A name that no other folder of the temporary folder holds.
    const free = createSubject(join(folder, 'quagga-site'))
    const { findings, canonical, above } = await runPreflight(session, free)
    expect(findings.filter(({ status }) => status !== 'ok')).toEqual([])
    expect(findings.map(({ check }) => check).filter((check) => !check.startsWith('ability '))).toEqual([
      'tools',
      'parent',
      'parent writable',
      'target',
      'staging',
      'path',
      'filesystem',
      'space',
      'inodes',
      'clock',
    ])
    expect([canonical, above]).toEqual([folder, 'directory'])
  })

  test('reports a target, a staging folder of another run and a name that differs in case', async () => {
    const subject = createSubject(join(folder, 'app'))
    mkdirSync(join(folder, 'app'))
    mkdirSync(join(folder, 'App'))
    mkdirSync(subject.place.staging)
    writeFileSync(join(subject.place.staging, 'run'), 'idep-2\n')
    expect(await find(subject)).toMatchObject({
      target: expect.stringContaining('fail: there is a directory at'),
      staging: expect.stringContaining(', of run idep-2'),
      names: 'warn: App differs from the target only in case',
    })
  })

  test('finds names like the target’s next to it, below the folders above it and among temporary files', async () => {
    mkdirSync(join(folder, 'srv'))
    mkdirSync(join(folder, 'srv/app-2.old'))
    mkdirSync(join(folder, 'APP-2-copy'))
    mkdirSync(join(folder, 'other'))
    const temporary = mkdtempSync(join(tmpdir(), 'app-2-of-the-test-'))
    try {
      const found = await find(createSubject(join(folder, 'srv/app-2')))
      expect(found.conflicts).toContain(join(folder, 'srv/app-2.old'))
      expect(found.conflicts).toContain(join(folder, 'APP-2-copy'))
      expect(found.conflicts).not.toContain('other')
      expect(found['conflicts in the temporary folder']).toContain(temporary)
    } finally {
      rmSync(temporary, { recursive: true })
    }
  })

  test('finds no conflict in the folders above the target, nor in an earlier version that is named', async () => {
    mkdirSync(join(folder, 'conflicting/conflicting-1'), { recursive: true })
    const subject = createSubject(join(folder, 'conflicting/conflicting'))
    subject.place.previous = [join(folder, 'conflicting/conflicting-1')]
    expect((await find(subject)).conflicts).toBeUndefined()
  })

  test('accepts a staging folder of the same run', async () => {
    const subject = createSubject(join(folder, 'app'))
    mkdirSync(subject.place.staging)
    writeFileSync(join(subject.place.staging, 'run'), 'idep-1\n')
    expect(await find(subject)).toMatchObject({ staging: 'ok: this run’s own, from an earlier try' })
  })

  test('reports a file above the target and a parent that is missing', async () => {
    writeFileSync(join(folder, 'file'), '')
    expect(await find(createSubject(join(folder, 'file/sub/app')))).toMatchObject({
      parent: `fail: ${join(folder, 'file/sub')} is missing or not a folder`,
      path: `fail: ${join(folder, 'file')} is not a folder`,
    })
  })

  test('warns of a parent behind a link and of a git checkout above the target', async () => {
    mkdirSync(join(folder, 'real/.git'), { recursive: true })
    symlinkSync('real', join(folder, 'link'))
    expect(await find(createSubject(join(folder, 'link/app')))).toMatchObject({
      'parent link': `warn: ${join(folder, 'link')} leads to ${join(folder, 'real')} through a link`,
      repository: `warn: the target would lie inside the git checkout ${join(folder, 'link')}`,
    })
  })

  test('compares the filesystems of releases and staging for a release', async () => {
    mkdirSync(join(folder, 'app/releases'), { recursive: true })
    expect(await find(createSubject(join(folder, 'app'), {}, 'release'))).toMatchObject({
      filesystem: 'ok: releases and staging share one',
    })
  })

  test('reports a program of the release where the file system starts none', async () => {
    const [bin, site] = [join(folder, 'bin'), join(folder, 'quagga-site')]
    mkdirSync(bin)
    writeFileSync(join(bin, 'findmnt'), '#!/bin/sh\necho rw,noexec\n', { mode: 0o755 })
    vi.stubEnv('PATH', `${bin}:${process.env.PATH}`)
    try {
      const checks = { checks: [{ name: 'own', run: ['./run.sh'] }], health: { run: ['bin/ask', 'x'] } }
      const { findings } = await runPreflight(session, createSubject(site, checks))
      const found = findings.filter(({ check }) => check === 'noexec')
      expect(found.map(({ status, message }) => `${status}: ${message}`)).toEqual([
        expect.stringContaining("is mounted noexec, so ./run.sh of own can't be started"),
        expect.stringContaining('so bin/ask of health'),
      ])
      const by = { checks: [{ name: 'by', run: 'sh run.sh' }] }
      expect((await find(createSubject(site, by))).noexec).toMatch(/^warn: .* is mounted noexec/)
    } finally {
      vi.unstubAllEnvs()
    }
  })

  test('reports a check whose program is missing, and warns where a fallback can run', async () => {
    const checks = {
      checks: [
        { name: 'one', run: ['program-that-is-nowhere'] },
        { name: 'two', run: ['program-that-is-nowhere'], fallback: { run: ['true'] } },
        { name: 'three', run: ['sh', '-c', 'true'] },
      ],
    }
    expect(await find(createSubject(join(folder, 'app'), checks))).toMatchObject({
      'check one': 'fail: program-that-is-nowhere is not on the host',
      'check two': 'warn: program-that-is-nowhere is not on the host: its fallback true will run',
      'check three': 'ok: runs sh',
    })
  })

  test('reports too little space, and warns of a clock that differs', async () => {
    const subject = createSubject(join(folder, 'app'))
    const large = { bytes: 2 ** 60, files: 3 }
    const found = await find({
      ...subject,
      artifact: large,
      facts: { ...subject.facts, clockAheadSeconds: 90 },
    })
    expect(found.space).toMatch(/^fail: \d+ KiB free, \d+ needed for 3 entries in blocks of \d+ bytes$/)
    expect(found.clock).toBe('warn: the host’s clock is 90 s ahead of this machine’s')
  })
})
