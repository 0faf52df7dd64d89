import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FaultCode } from '../../src/bundle/bundle-fault.ts'
import type { RunRecord } from '../../src/bundle/run-record.ts'
import { digestOfBytes } from '../../src/domain/json.ts'
import { removeFolders } from '../store/store-folders.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'
import { aBundleMaker, type Bundles, bundleOf, recordIn } from './bundle-fixture.ts'
import { alter, editFile, forge, lastDecision } from './forge-bundle.ts'

/** Records without a closeout, whose end no signature covers: the parts of the record must agree with each other. */

let at: Bundles
let good: Buffer

beforeAll(async () => {
  at = await aBundleMaker()
  good = await at.exported(await at.closed('live'))
})
afterAll(async () => {
  await at.remove()
  removeFolders()
})

const faultIn = async (tar: Buffer) => (await at.verify(tar)).firstFault

describeWithKeys('verify of a forged bundle without a closeout', () => {
  let waiting: Buffer
  let stopped: Buffer
  beforeAll(async () => {
    waiting = await at.exported(await at.started('live'))
    at.failing.add('mark')
    stopped = await at.exported(await at.started('live'))
    at.failing.clear()
  })
  const unsealed = (change: (record: RunRecord) => void, from: Buffer) =>
    forge(from, (record) => {
      record.closeout = null
      change(record)
    })

  test('accepts an unchanged record, and reports that nobody signed its end', async () => {
    for (const tar of [good, waiting, stopped]) {
      const verdict = await at.verify(await unsealed(() => {}, tar))
      expect(verdict).toMatchObject({ holds: true, firstFault: null })
      expect(verdict.ranges.at(-1)).toMatchObject({ kind: 'nobody' })
    }
  })

  const dueTo = (message: string, code: FaultCode = 'RUN_DIFFERS') => ({
    code,
    message: expect.stringContaining(message),
  })
  test.each<[string, () => Buffer, object, (record: RunRecord) => void]>([
    ['the outcome', () => good, dueTo('outcome'), ({ run }) => Object.assign(run, { outcome: 'failed' })],
    [
      'an end that its last entry does not tell',
      () => good,
      dueTo('another end'),
      ({ run, history }) => {
        run.outcome = null
        delete history.at(-1)!.event.outcome
      },
    ],
    ['the gate', () => waiting, dueTo('gate'), ({ run }) => Object.assign(run, { gate: 'SG2' })],
    ['the arrival', () => waiting, dueTo('gateSeq'), ({ run }) => Object.assign(run, { gateSeq: 6 })],
    [
      'the hash of the arrival',
      () => waiting,
      dueTo('gateHead'),
      ({ run }) => Object.assign(run, { gateHead: `sha256:${'0'.repeat(64)}` }),
    ],
    [
      'the plan',
      () => waiting,
      dueTo('planDigest'),
      ({ run }) => Object.assign(run, { planDigest: run.head }),
    ],
    [
      'the stop',
      () => stopped,
      dueTo('stopCode'),
      ({ run }) => Object.assign(run, { stopCode: 'STOP_DRIFT' }),
    ],
    [
      'the reason of the stop',
      () => stopped,
      dueTo('stop than'),
      ({ run }) => Object.assign(run.stop!, { message: 'all is well' }),
    ],
    [
      'a plan that lies in the place of the one that waits',
      () => waiting,
      dueTo('plan that is not the newest', 'PLAN_DIFFERS'),
      (record) => {
        const bytes = Buffer.from('{"cuts":["c"]}')
        record.bytes.set(digestOfBytes(bytes), bytes)
        for (const { event } of record.history)
          if (event.evidence && 'plan/SG1' in (event.evidence as object))
            event.evidence = { ...(event.evidence as object), 'plan/SG1': digestOfBytes(bytes) }
      },
    ],
    [
      'the policy of a decision, with its name',
      () => good,
      dueTo('the policy of entry 15 is missing', 'EVIDENCE_DIFFERS'),
      (record) => {
        lastDecision(record).event.evidence = {}
      },
    ],
  ])('refuses a change of %s', async (_, from, found, change) => {
    expect(await faultIn(await unsealed(change, from()))).toMatchObject(found)
  })

  test('refuses files that no entry names, and missing files that one names', async () => {
    const record = await recordIn(waiting)
    const bytes = Buffer.from('a report of mine')
    record.bytes.set(digestOfBytes(bytes), bytes)
    record.evidence.push({ seq: 3, name: 'backup/report', digest: digestOfBytes(bytes) })
    expect(await faultIn(await bundleOf(record, waiting))).toMatchObject({ code: 'FILE_UNKNOWN' })
    record.evidence.splice(0)
    expect(await faultIn(await bundleOf(record, waiting))).toMatchObject({ code: 'FILE_MISSING' })
  })

  test('refuses other instructions in VERIFY.md', async () => {
    for (const tar of [good, waiting]) {
      const changed = await alter(tar, (files) =>
        editFile(files, 'VERIFY.md', (text) => text.replace('sha256sum -c', 'true')),
      )
      expect(await faultIn(changed)).toMatchObject({
        code: 'VERIFY_TEXT_DIFFERS',
        file: 'VERIFY.md',
      })
    }
  })

  const SHELL = 'cut\n\n```sh\nrm -rf ~\n```\n'
  test.each<[string, (record: RunRecord) => void]>([
    [
      'machine',
      ({ genesis, run }) =>
        void Object.assign(genesis, { machine: Object.assign(run, { machine: SHELL }).machine }),
    ],
    ['state', ({ history }) => void Object.assign(history[1]!, { state: SHELL })],
    ['gate', ({ history }) => void Object.assign(history[6]!.event.arrival!, { gate: `SG1\u202e` })],
  ])('refuses a %s whose name would form lines of its own in VERIFY.md', async (_, change) => {
    expect(await faultIn(await unsealed(change, good))).toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringContaining('is not one plain line'),
    })
  })
})
