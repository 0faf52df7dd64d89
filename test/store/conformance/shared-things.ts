import { describe, expect, test } from 'vitest'
import { bytesEvidence } from '../../../src/domain/evidence.ts'
import type { Run } from '../../../src/domain/run.ts'
import type { Token } from '../../../src/domain/token.ts'
import type { RunStore } from '../../../src/store/run-store.ts'
import { atGate, firstStep, mine, stepAfter } from '../step-fixture.ts'
import { aSubject } from '../store-fixture.ts'

/** The part of the conformance suite that is about more than one run: keys, lists, evidence, the execution switch and the hold. */
export function describeSharedThings(name: string, open: () => Promise<RunStore>): void {
  describe(`${name}: what runs share`, () => {
    const { store } = aSubject(open)
    const started = async (run: Partial<Run> = {}) => {
      const step = firstStep({ run })
      await store.create(step, mine)
      return step.run
    }

    test('a start key always belongs to one run', async () => {
      const run = await started({ startKey: 'nightly' })
      const second = firstStep({ run: { startKey: 'nightly' } })
      await expect(store.create(second, mine)).rejects.toMatchObject({ code: 'KEY_REUSED' })
      expect(await store.runByKey('nightly')).toEqual(run)
      expect(await store.run(second.run.runId)).toBeNull()
      expect(await store.history(second.run.runId)).toEqual([])
      expect(await store.effects(second.run.runId)).toEqual([])
    })

    test('runs without a key are independent', async () => {
      await started()
      await started()
      expect(await store.list({ limit: 9 })).toHaveLength(2)
    })

    test('entries of all runs follow each other from any place, in the order in which they were saved', async () => {
      expect(await store.newestPlace()).toBe(0)
      const [a, b] = [firstStep({ run: { runId: 'a' } }), firstStep({ run: { runId: 'b' } })]
      await store.create(a, mine)
      await store.create(b, mine)
      await store.advance(stepAfter(a.run), mine)
      const all = await store.entriesAfter(0, 9)
      expect(all.map(({ runId, entry }) => [runId, entry.seq])).toEqual([
        ['a', 1],
        ['b', 1],
        ['a', 2],
      ])
      expect(all.map(({ machine }) => machine)).toEqual([a, b, a].map(({ run }) => run.machine))
      expect(all.map(({ entry }) => entry)).toEqual([
        ...(await store.history('a')).slice(0, 1),
        ...(await store.history('b')),
        ...(await store.history('a')).slice(1),
      ])
      const place = await store.placeOf('b', 1)
      expect(place).toBe(all[1]!.place)
      expect(await store.entriesAfter(place!, 9)).toEqual(all.slice(2))
      expect(await store.entriesAfter(0, 2)).toEqual(all.slice(0, 2))
      expect(await store.newestPlace()).toBe(all[2]!.place)
      expect(await store.placeOf('b', 2)).toBeNull()
      expect(await store.placeOf('c', 1)).toBeNull()
    })

    test('the version differs after each change, and stays while nothing is saved', async () => {
      const versions = [await store.version()]
      const step = firstStep({})
      await store.create(step, mine)
      versions.push(await store.version())
      await store.advance(stepAfter(step.run), mine)
      versions.push(await store.version())
      await store.recordHold({ kind: 'on', runId: null, reason: 'a test', by: 'ann', at: step.entry.at })
      versions.push(await store.version())
      expect(new Set(versions).size).toBe(4)
      expect(await store.version()).toBe(versions.at(-1))
    })

    test('ids are found by the complete id, a beginning or an end, and by nothing else', async () => {
      const ids = [
        'ictr-20260101T000000Z-aaaa0001',
        'ictr-20260101T000000Z-bbbb0002',
        'depl-20260101T000000Z-aaaa0003',
      ]
      for (const runId of ids) await started({ runId })
      expect(await store.idsLike(ids[0]!, 9)).toEqual([ids[0]])
      expect(await store.idsLike('ictr-', 9)).toEqual([ids[0], ids[1]])
      expect(await store.idsLike('0003', 9)).toEqual([ids[2]])
      expect(await store.idsLike('ictr-', 1)).toEqual([ids[0]])
      expect(await store.idsLike('aaaa', 9)).toEqual([])
      for (const wild of ['%', 'ictr%', '____', 'ictr_', '*', 'ICTR-'])
        expect(await store.idsLike(wild, 9)).toEqual([])
    })

    test('a list has the newest first, then the smaller id, and ends at its limit', async () => {
      const at = (minute: number) => `2026-03-01T09:0${minute}:00.000Z`
      const old = await started({ startedAt: at(1) })
      const newer = await started({ startedAt: at(2), runId: 'b' })
      const twin = await started({ startedAt: at(2), runId: 'a' })
      expect((await store.list({ limit: 9 })).map(({ runId }) => runId)).toEqual([
        twin.runId,
        newer.runId,
        old.runId,
      ])
      expect((await store.list({ limit: 2 })).map(({ runId }) => runId)).toEqual([twin.runId, newer.runId])
    })

    test('a list is filtered by status and by machine', async () => {
      const working = await started()
      const before = await started({ machine: 'deploy' })
      const step = stepAfter(before, { run: atGate(before) })
      await store.advance(step, mine)
      const ids = async (filter: Omit<Parameters<RunStore['list']>[0], 'limit'>) =>
        (await store.list({ ...filter, limit: 9 })).map(({ runId }) => runId)
      expect(await ids({ status: 'working' })).toEqual([working.runId])
      expect(await ids({ status: 'paused' })).toEqual([step.run.runId])
      expect(await ids({ machine: 'cut' })).toEqual([working.runId])
      expect(await ids({ machine: 'cut', status: 'paused' })).toEqual([])
    })

    test('a list filtered by a host has the runs with that host alone, and those with several', async () => {
      const one = await started({ machine: 'deploy', input: { host: 'web1' } })
      const several = await started({ machine: 'deploy', input: { host: 'web2,web1,web11' } })
      const adopted = await started({ machine: 'adopt', input: { host: 'there1=web3,there2=web4' } })
      const ids = async (host: string) =>
        (await store.list({ host, limit: 9 })).map(({ runId }) => runId).sort()
      expect(await ids('web1')).toEqual([one.runId, several.runId].sort())
      expect(await ids('web2')).toEqual([several.runId])
      expect(await ids('web11')).toEqual([several.runId])
      expect(await ids('web4')).toEqual([adopted.runId])
      expect(await ids('web')).toEqual([])
    })

    test('evidence is kept once for two runs with the same bytes', async () => {
      const source = bytesEvidence('source', 'text/plain', Buffer.from([0, 255, 10, 13]))
      const empty = bytesEvidence('empty', 'application/octet-stream', new Uint8Array())
      const [a, b] = [await started(), await started()]
      await store.advance(stepAfter(a, { evidence: [source, empty] }), mine)
      await store.advance(stepAfter(b, { evidence: [{ ...source, name: 'copy' }] }), mine)
      expect(Buffer.from((await store.evidence(source.digest))!)).toEqual(Buffer.from(source.bytes))
      expect(await store.evidence(empty.digest)).toHaveLength(0)
      expect(await store.evidence('sha256:unknown')).toBeNull()
      const row = { seq: 2, digest: source.digest, mediaType: 'text/plain', bytes: 4 }
      expect(await store.evidenceOf(a.runId)).toEqual([
        { seq: 2, name: 'empty', digest: empty.digest, mediaType: 'application/octet-stream', bytes: 0 },
        { name: 'source', ...row },
      ])
      expect(await store.evidenceOf(b.runId)).toEqual([{ name: 'copy', ...row }])
    })

    test('evidence is returned in the order of its steps', async () => {
      let run = await started()
      for (const name of ['z', 'a']) {
        const step = stepAfter(run, { evidence: [bytesEvidence(name, 'text/plain', Buffer.from(name))] })
        await store.advance(step, mine)
        run = step.run
      }
      expect((await store.evidenceOf(run.runId)).map(({ seq, name }) => `${seq} ${name}`)).toEqual([
        '2 z',
        '3 a',
      ])
    })

    test('the newest setting of the execution switch counts', async () => {
      expect(await store.executionSwitch()).toBeNull()
      const on = {
        enabled: true,
        until: '2026-03-01T11:00:00.000Z',
        reason: 'release',
        by: 'alice',
        at: '2026-03-01T09:00:00.000Z',
      }
      await store.setExecutionSwitch(on)
      expect(await store.executionSwitch()).toEqual(on)
      // Newest is what was set last, even when a clock ran backwards.
      const off = { enabled: false, until: null, reason: 'done', by: 'bob', at: '2026-03-01T08:00:00.000Z' }
      await store.setExecutionSwitch(off)
      expect(await store.executionSwitch()).toEqual(off)
    })

    test('a hold binds from the newest on to the next off, apart from released runs', async () => {
      const [one, other] = [await started(), await started()]
      const at = (minute: number) => ({ by: 'alice', at: `2026-03-01T09:0${minute}:00.000Z` })
      expect(await store.hold()).toBeNull()
      await store.recordHold({ kind: 'on', runId: null, reason: 'incident', ...at(1) })
      const inForce = { since: at(1).at, reason: 'incident', by: 'alice' }
      expect(await store.hold()).toEqual({ ...inForce, released: [] })
      for (const { runId } of [one, other, one])
        await store.recordHold({ kind: 'release', runId, reason: null, ...at(2) })
      expect((await store.hold())?.released).toEqual([one.runId, other.runId].sort())
      // The entry that was recorded last is the newest, even when a clock ran backwards.
      await store.recordHold({ kind: 'on', runId: null, reason: 'another', ...at(0) })
      expect(await store.hold()).toEqual({ ...inForce, since: at(0).at, reason: 'another', released: [] })
      await store.recordHold({ kind: 'release', runId: one.runId, reason: 'repairs it', ...at(3) })
      await store.recordHold({ kind: 'off', runId: null, reason: null, ...at(4) })
      expect(await store.hold()).toBeNull()
      await store.recordHold({ kind: 'on', runId: null, reason: 'incident', ...at(5) })
      expect((await store.hold())?.released).toEqual([])
    })

    test('a release of an unknown run is refused', async () => {
      const release = { kind: 'release', runId: 'nobody', reason: null, by: 'alice', at: 'now' } as const
      await expect(store.recordHold(release)).rejects.toThrow()
    })

    describe('a token', () => {
      const token: Token = {
        ...{ tokenId: 'tk-1', name: 'deploybot', role: 'operator', machines: ['cut'], runId: null },
        ...{
          createdAt: '2026-03-01T09:00:00.000Z',
          createdBy: 'alice',
          expiresAt: '2026-04-01T09:00:00.000Z',
        },
        ...{ revokedAt: null, revokedBy: null, lastUsedAt: null },
      }

      test('is found by its digest and by nothing else', async () => {
        await store.saveToken(token, 'digest')
        expect(await store.tokenByDigest('digest')).toEqual(token)
        expect(await store.tokenByDigest('tk-1')).toBeNull()
        const link: Token = { ...token, tokenId: 'tk-2', role: 'viewer', machines: null, runId: 'r' }
        await store.saveToken(link, 'other')
        expect(await store.tokens()).toEqual([token, link])
        await expect(store.saveToken({ ...token, tokenId: 'tk-3' }, 'digest')).rejects.toThrow()
      })

      test('remembers its last use and its first revocation', async () => {
        await store.saveToken(token, 'digest')
        await store.tokenUsed('tk-1', '2026-03-02T09:00:00.000Z')
        await store.revokeToken('tk-1', { at: '2026-03-03T09:00:00.000Z', by: 'bob' })
        await store.revokeToken('tk-1', { at: '2026-03-04T09:00:00.000Z', by: 'carol' })
        expect(await store.tokenByDigest('digest')).toEqual({
          ...token,
          ...{
            lastUsedAt: '2026-03-02T09:00:00.000Z',
            revokedAt: '2026-03-03T09:00:00.000Z',
            revokedBy: 'bob',
          },
        })
      })
    })

    describe('the figures', () => {
      const figures = async () => {
        const { runs, gates } = await store.figures()
        return {
          gates,
          runs: runs.map(({ machine, state, status, count }) => [machine, state, status, count]),
        }
      }

      test('of an empty store are its size alone', async () => {
        expect(await figures()).toEqual({ runs: [], gates: [] })
        expect(Math.max(...Object.values((await store.figures()).bytes))).toBeGreaterThan(0)
      })

      test('count runs by machine, state and status, however many there are', async () => {
        for (let n = 0; n < 501; n++) await started({ machine: n % 2 === 0 ? 'cut' : 'migrate' })
        expect((await figures()).runs.sort()).toEqual([
          ['cut', 'PENDING', 'working', 251],
          ['migrate', 'PENDING', 'working', 250],
        ])
      })

      test('name the earliest arrival at each gate, whatever was recorded there since', async () => {
        for (const runId of ['a', 'b']) {
          const before = await started({ runId })
          const arrived = stepAfter(before, { run: { ...atGate(before), gateSeq: 2 } })
          await store.advance(arrived, mine)
          await store.advance(stepAfter(arrived.run, { event: { type: 'cutter.approval-refused' } }), mine)
        }
        const history = await store.history('a')
        expect((await figures()).gates).toEqual([
          { machine: 'cut', gate: 'SG1', count: 2, since: history[1]!.at },
        ])
      })
    })

    describe('where the module of a machine lies', () => {
      const place = (path: string) => ({ name: 'cut', path, startedAt: '2026-03-01T09:00:00.000Z' })
      const remember = (path: string, moved = false) => store.rememberModule(place(path), { moved })

      test('is remembered from the first run on', async () => {
        expect(await store.machineModule('cut')).toBeNull()
        expect(await remember('/a.ts')).toBe(true)
        const again = { ...place('/a.ts'), startedAt: '2026-04-01T09:00:00.000Z' }
        expect(await store.rememberModule(again, { moved: false })).toBe(true)
        expect(await store.machineModule('cut')).toEqual(place('/a.ts'))
        expect(await store.machineModules()).toEqual([place('/a.ts')])
      })

      test('changes only while no run of the machine is open, or when the module was moved', async () => {
        await remember('/a.ts')
        expect(await remember('/b.ts')).toBe(true)
        const run = await started()
        expect([run.machine, await remember('/c.ts')]).toEqual(['cut', false])
        expect((await store.machineModule('cut'))?.path).toBe('/b.ts')
        expect(await remember('/c.ts', true)).toBe(true)
        const none = { phase: null, gate: null, stopCode: null, stop: null }
        const closed = { ...none, status: 'closed', outcome: 'cancelled' } as Partial<Run>
        await store.advance(stepAfter(run, { run: closed }), mine)
        expect(await remember('/d.ts')).toBe(true)
      })
    })
  })
}
