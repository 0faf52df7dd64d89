import { describe, expect, test } from 'vitest'
import type { Message } from '../../../src/domain/message.ts'
import type { RunStore } from '../../../src/store/run-store.ts'
import { atGate, mine, stepAfter, theirs } from '../step-fixture.ts'
import { aSubject } from '../store-fixture.ts'

/** The part of the conformance suite about messages: rows of the step, order, attempts, and what goes. */
export function describeMessages(name: string, open: () => Promise<RunStore>): void {
  describe(`${name}: messages`, () => {
    const { store, started, advanced, refusesWhole, fullStep } = aSubject(open)
    const at = (second: number) => `2026-03-01T09:00:${String(second).padStart(2, '0')}.000Z`
    const LATE = '2027-01-01T00:00:00.000Z'
    const about = (runId: string | null, changes: Partial<Message> = {}): Message => ({
      messageId: `${runId}.${changes.seq ?? 2}.run.paused`,
      receiver: 'ops',
      kind: 'run.paused',
      runId,
      seq: 2,
      at: at(0),
      facts: { runId, note: 'Điều 5' },
      ...changes,
    })
    const due = (receiver = 'ops', time = LATE, limit = 9) => store.dueMessages({ receiver, at: time, limit })
    const ids = async (...asked: Parameters<typeof due>) =>
      (await due(...asked)).map(({ messageId }) => messageId)
    const failed = { triedAt: at(1), error: 'the receiver answered 503' }

    test('are saved with their step, once for each receiver', async () => {
      const run = await started()
      const [one, other] = [about(run.runId), about(run.runId, { receiver: 'chat' })]
      await advanced(run, { messages: [one, other] })
      await store.saveMessages([one])
      expect(await store.messageReceivers()).toEqual(['chat', 'ops'])
      expect(await due()).toEqual([{ ...one, id: expect.any(Number), attempts: 0, triedAt: null }])
      expect(await due('ops', '2026-02-28T00:00:00.000Z')).toEqual([])
    })

    test('of a step that is refused are not saved', async () => {
      const run = await started()
      await refusesWhole(fullStep(run, { messages: [about(run.runId)] }), theirs)
      await advanced(run)
      const late = stepAfter(run, { messages: [about(run.runId)] })
      await expect(store.advance(late, mine)).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
      expect(await due()).toEqual([])
    })

    test('on the hold are saved with it', async () => {
      const hold = { kind: 'on', runId: null, reason: 'incident', by: 'ann', at: at(0) } as const
      const message = about(null, { kind: 'hold.on', seq: null, messageId: 'hold.on.1' })
      await store.recordHold(hold, [message])
      expect(await ids()).toEqual(['hold.on.1'])
      expect((await store.hold())?.reason).toBe('incident')
    })

    test('on one run come one after another, and do not wait for those on others', async () => {
      const [a, b] = [await started(), await started()]
      const of = (run: typeof a, seq: number) => about(run.runId, { seq })
      await store.saveMessages([of(a, 2), of(a, 3), of(b, 2)])
      expect(await ids()).toEqual([of(a, 2).messageId, of(b, 2).messageId])
      const [first] = await due()
      await store.messageFailed(first!, { ...failed, nextAt: at(30) })
      expect(await ids('ops', at(29))).toEqual([of(b, 2).messageId])
      expect((await due('ops', at(30)))[1]).toMatchObject({ attempts: 1, triedAt: at(1) })
      await store.messageFailed(first!, { ...failed, triedAt: at(2), nextAt: null })
      expect(await ids('ops', at(30))).toEqual([of(b, 2).messageId, of(a, 3).messageId])
      expect(await ids('ops', at(30), 1)).toEqual([of(b, 2).messageId])
    })

    test('that were delivered are gone, unless they are kept until their run moves', async () => {
      const run = await started()
      const waiting = await advanced(run, { run: { ...atGate(run), gateSeq: 2 } })
      const seq = waiting.gateSeq!
      await store.saveMessages([
        about(run.runId, { seq }),
        about(run.runId, { seq, messageId: 'reminder', kind: 'run.reminder' }),
      ])
      for (const isKept of [false, true]) await store.messageDelivered((await due())[0]!.id, { isKept })
      await store.sweepMessages(at(0))
      await store.saveMessages([about(run.runId, { seq, messageId: 'reminder' })])
      expect(await due()).toEqual([])
      await advanced(waiting, {
        run: {
          ...waiting,
          status: 'working',
          stopCode: null,
          gate: null,
          gateSeq: null,
          gateHead: null,
        } as never,
      })
      await store.sweepMessages(at(0))
      await store.saveMessages([about(run.runId, { seq, messageId: 'reminder' })])
      expect(await ids()).toEqual(['reminder'])
    })

    test('that are dead are counted with the reason, and removed after a time', async () => {
      const run = await started()
      await store.saveMessages([about(run.runId), about(run.runId, { seq: 3 })])
      await store.messageFailed((await due())[0]!, { ...failed, nextAt: null })
      const waits = { receiver: 'ops', state: 'waiting', count: 1, since: at(0), error: null }
      const dead = { ...waits, state: 'dead', error: failed.error }
      expect(await store.countMessages()).toEqual(expect.arrayContaining([waits, dead]))
      await store.sweepMessages(at(1))
      expect(await store.countMessages()).toHaveLength(2)
      await store.sweepMessages(at(2))
      expect(await store.countMessages()).toEqual([waits])
    })

    test('find runs that wait at their gate since a time', async () => {
      const run = await started()
      const waiting = await advanced(run, { run: { ...atGate(run), gateSeq: 2 } })
      const { runId, machine, gate, gateSeq, updatedAt } = waiting
      const found = { runId, machine, gate, seq: gateSeq, since: updatedAt }
      expect(await store.waitingAtGates(LATE)).toEqual([expect.objectContaining(found)])
      expect(await store.waitingAtGates('2020-01-01T00:00:00.000Z')).toEqual([])
    })
  })
}
