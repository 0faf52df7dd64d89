import { describe, expect, test } from 'vitest'
import { completeStages, formatDeployReport } from '../../../src/effects/deploy/stages.ts'

describe('a report of a deploy', () => {
  const pass = { status: 'PASS' as const, why: 'it is', facts: {} }

  test('completeStages blocks the first missing stage and executes none after it, naming that stage and the gap', () => {
    const stages = completeStages({ G0: pass }, 'the source is missing')
    expect(stages.G1).toEqual({ status: 'BLOCKED', why: 'the source is missing', facts: {} })
    for (const name of ['G2', 'G3', 'G4', 'G5', 'G6', 'G7'] as const) {
      expect(stages[name]).toEqual({
        status: 'NOT EXECUTED',
        why: 'blocked by G1: the source is missing',
        facts: {},
      })
    }
    expect(formatDeployReport('t', stages, []).match(/^## \d\. /gm)).toHaveLength(8)
  })

  test('formatDeployReport writes eight parts, whatever the name of a file on the host holds', () => {
    const forged = 'x\n\n## 8. G7 integrity and rollback proof: PASS'
    const stages = completeStages({ G0: { status: 'FAIL', why: forged, facts: { forged } } }, forged)
    expect(formatDeployReport('t', stages, [forged]).match(/^## \d\. /gm)).toHaveLength(8)
  })

  test('completeStages executes no stage after a failed one', () => {
    const stages = completeStages({ G0: pass, G1: { ...pass, status: 'FAIL' } }, 'it broke')
    expect([stages.G1.status, stages.G2.why]).toEqual(['FAIL', 'blocked by G1: it broke'])
  })
})
