import type { Status } from '../../src/domain/history-entry.ts'
import { canonicalJson, digestOf, sha256 } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'

const snapshot = canonicalJson({ value: 'AWAITING_CUT_AUTHORIZATION', context: {} })

const identity = {
  runId: 'ictr-20260301T090000Z-ad3d0b97',
  machine: 'cut',
  version: '1.0.0',
  definitionDigest: digestOf('definition'),
  mode: 'dry-run',
  input: { documentId: 'ICX-CONST', target: 'main' },
  startKey: null,
  startedBy: 'deploybot',
  osUser: 'uid:1001',
  startedAt: '2026-03-01T09:00:00.000Z',
} as const

const progress = {
  seq: 7,
  updatedAt: '2026-03-01T09:01:00.000Z',
  workedMs: 1200,
  gateSeq: null,
  gateHead: null,
  snapshot,
  snapshotDigest: `sha256:${sha256(snapshot)}`,
  head: sha256('entry 7'),
  planDigest: digestOf('plan'),
  output: {},
  phase: null,
  gate: null,
  stop: null,
  stopCode: null,
  outcome: null,
}

const standings: { [Is in Status]: Partial<Run> } = {
  working: { status: 'working', state: 'MARKED', phase: 'cutplan' },
  paused: {
    status: 'paused',
    state: 'AWAITING_CUT_AUTHORIZATION',
    stopCode: 'STOP_APPROVAL_REQUIRED',
    gate: 'SG1',
    gateSeq: 7,
    gateHead: progress.head,
  },
  stopped: {
    status: 'stopped',
    state: 'GRANTS_PROBED',
    stopCode: 'STOP_DRIFT',
    stop: { code: 'STOP_DRIFT', message: 'the target changed since it was surveyed' },
  },
  closed: { status: 'closed', state: 'CLOSEOUT_REPORTED', outcome: 'succeeded' },
}

/** A complete run, paused at gate SG1 by default. `overrides.status` brings the other fields of that status. */
export function aRun(overrides: Partial<Run> = {}): Run {
  return { ...identity, ...progress, ...standings[overrides.status ?? 'paused'], ...overrides } as Run
}
