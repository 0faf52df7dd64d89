import { describe, expect, test } from 'vitest'
import { afterStop } from '../../src/domain/after-stop.ts'
import { STOP_CODES } from '../../src/domain/stop-codes.ts'

const anyCode = 'STOP_OF_SOMEBODY'

describe('what can help a stopped run', () => {
  test.each([
    ['fix the source, then start another run (this one can be cancelled)', 'another-run'],
    [
      'fix the source; or, if a check of each place shows that it is right, start another run with --accept A (this one can be cancelled)',
      'another-run',
    ],
    [
      'if it is the same document, start another run with --document X, else give it another id',
      'another-run',
    ],
    ['cutter run cancel <run> --reason …', 'another-run'],
    ['cancel this run and start another', 'another-run'],
    ['accept it in bundle.yaml, or drop the extension, and start another run', 'another-run'],
    ['convert the source, read it through, and start with the new file', 'another-run'],
    ['restore the file, or cancel this run and start another', 'resume'],
    ['restore what differs, or cutter run cancel r-1 --reason … and start another run', 'resume'],
    ['wait for it, then: cutter run resume <run>; or cancel this run and name another', 'resume'],
    [
      'correct documents.X.profile in cutter.yaml, then: cutter run resume <run>; or start another run with --profile p (this one can be cancelled)',
      'resume',
    ],
    [
      'cutter run resume <run> tries a again; cutter run cancel <run> --reason … takes all hosts back',
      'resume',
    ],
    ['ask the owner of the server', null],
  ])('as %j says, is %j', (next, way) => {
    expect(afterStop({ code: anyCode, next })).toBe(way)
  })

  test('is what its code says where its own advice names no way', () => {
    expect(afterStop({ code: 'STOP_TARGET_LOCKED', next: 'see pg_stat_activity' })).toBe('resume')
    expect(afterStop({ code: 'STOP_MIGRATION_FAILED' })).toBe('another-run')
    expect(afterStop({ code: 'toString' })).toBe(null)
  })

  test('is known for each stop code, apart from those after which somebody has to find out first', () => {
    const codes = Object.keys(STOP_CODES)
    const by = (way: string | null) => codes.filter((code) => afterStop({ code }) === way)
    expect(by('another-run')).toEqual(['STOP_MIGRATION_FAILED', 'STOP_WRITE_MISSING', 'STOP_NOT_CONFIRMED'])
    expect(by(null)).toEqual([
      'STOP_TARGET_REFUSED',
      'STOP_PLAN_NOT_DETERMINISTIC',
      'STOP_UNITS_DIFFER',
      'STOP_REHEARSAL_NOT_REPRESENTATIVE',
      'STOP_MUTATION_DETECTED',
      'STOP_VERIFICATION_FAILED',
      'STOP_CAP_UNITS',
      'STOP_TOOL_MISSING',
      'STOP_RESULT_DIFFERS',
      'STOP_FENCED',
      'STOP_HOST_KEY_CHANGED',
      'STOP_SOURCE_MISSING',
      'STOP_ARTIFACT_UNCLEAN',
      'STOP_EFFECT_INVALID',
    ])
  })
})
