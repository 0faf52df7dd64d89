import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { parseChecks } from '../../../src/effects/deploy/checks-file.ts'
import type { HostCommand, HostSession } from '../../../src/effects/deploy/host-session.ts'
import { findNeeds } from '../../../src/effects/deploy/preflight-needs.ts'

/** A session whose host is this machine. */
const session = {
  async text({ argv, kind }: HostCommand) {
    expect(kind).toBe('read')
    const { stdout, status } = spawnSync(argv[0]!, argv.slice(1), { encoding: 'utf8' })
    expect(status).toBe(0)
    return stdout
  },
} as unknown as HostSession

const find = (check: object, parent = '/') =>
  findNeeds(
    session,
    parent,
    parseChecks({ checks: [{ name: 'tests', run: ['true'], ...check }] }, 'checks.yaml'),
  )

describe('the needs of a check', () => {
  test.each([
    ['is met', { needs: ['true'] }, 'ok', 'is met'],
    [
      'is missing, with a fallback',
      { needs: ['false'], fallback: { run: ['true'] } },
      'warn',
      'its fallback true will run',
    ],
    ['is missing alone', { needs: ['false'] }, 'fail', 'and the check has no fallback'],
    ['names a program that is nowhere', { needs: ['pytest-that-is-nowhere'] }, 'fail', 'does not succeed'],
    [
      'is missing, with a fallback that is nowhere',
      { needs: ['false'], fallback: { run: ['runner-that-is-nowhere'] } },
      'fail',
      'its fallback runner-that-is-nowhere is not there',
    ],
    ['prints more than an answer', { needs: 'echo 0; echo noise; exit 1' }, 'fail', 'does not succeed'],
  ])('that %s', async (_, check, status, message) => {
    expect(await find(check)).toEqual([
      { check: 'needs tests', status, message: expect.stringContaining(message) },
    ])
  })

  test('is asked in the folder above the target', async () => {
    expect(await find({ needs: 'test "$(pwd)" = /usr' }, '/usr')).toMatchObject([{ status: 'ok' }])
  })

  test('is not asked where a check has none', async () => {
    expect(await find({})).toEqual([])
  })
})
