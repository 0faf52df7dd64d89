import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { ensureInstanceKey } from '../../src/approvals/instance-key.ts'
import { instanceFiles } from '../../src/approvals/key-rotations.ts'
import { manifestText } from '../../src/bundle/bundle-files.ts'
import { addCountersignature, findCountersignatureFault } from '../../src/bundle/countersign-closeout.ts'
import { signCloseout } from '../../src/bundle/sign-closeout.ts'
import { asBuffer } from '../../src/bundle/tar.ts'
import { canonicalJson, digestOf, digestOfBytes } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import { rehearseApproval, signApproval } from '../../src/engine/manage-approvals.ts'
import { removeFolders } from '../store/store-folders.ts'
import { describeWithKeys, withoutTrustedTools } from '../support/ssh-keys.ts'
import {
  ALICE,
  aBundleMaker,
  BOB,
  type Bundles,
  bundleOf,
  filesIn,
  recordIn,
  tarOf,
  verifyBundle,
} from './bundle-fixture.ts'
import { runInstructions } from './run-instructions.ts'

let at: Bundles
let live: Run
let signers: string

beforeAll(async () => {
  at = await aBundleMaker()
  live = await at.closed('live')
  signers = at.keys.path('allowed_signers')
})
afterAll(async () => {
  await at.remove()
  removeFolders()
})

const noSigners = /^no file of signers was given/

describeWithKeys('verify of the bundle of a live run', () => {
  test('reads a bundle that has the same bytes in each export', async () => {
    expect((await at.exported(live)).equals(await at.exported(live))).toBe(true)
  })

  test('accepts it, and names the signer of each range of entries', async () => {
    const verdict = await verifyBundle(await at.exported(live), await at.trustingInstance(live))
    expect(verdict).toMatchObject({
      ...{ holds: true, firstFault: null, runId: live.runId, machine: 'cut', mode: 'live' },
      ...{ outcome: 'succeeded', entries: 18, notes: [] },
      ranges: [
        { from: 1, to: 7, by: ALICE, kind: 'approval', trusted: true },
        { from: 1, to: 14, by: ALICE, kind: 'approval', trusted: true },
        { from: 1, to: 18, by: 'cutter-instance@quiet-host', kind: 'closeout', trusted: true },
      ],
    })
    expect(new Set(verdict.approvals.map(({ usedSeq }) => usedSeq))).toEqual(new Set([9, 16]))
    for (const { counted, trusted, fingerprint } of verdict.approvals)
      expect({ counted, trusted, fingerprint }).toMatchObject({
        counted: true,
        trusted: true,
        fingerprint: /^SHA256:/,
      })
  })

  test('accepts it without a file of signers, and trusts nobody', async () => {
    const verdict = await verifyBundle(await at.exported(live), null)
    expect(verdict).toMatchObject({ holds: true, notes: [expect.stringMatching(noSigners)] })
    expect(verdict.ranges.map(({ trusted }) => trusted)).toEqual([false, false, false])
  })

  test('refuses it when the signers list the approver not at all, or for another gate or time', async () => {
    const line = (options: string) => `${ALICE} ${options} ${at.keys.publicKey('alice')}\n`
    at.keys.key('bob')
    for (const text of [
      '',
      `${BOB} ${at.keys.publicKey('bob')}\n`,
      `${BOB} ${at.keys.publicKey('alice')}\n`,
      `${ALICE} ${at.keys.publicKey('bob')}\n`,
      line('namespaces="cutter.cut.SG1"'),
      line('valid-before="20260228"'),
      line('valid-after="20260302"'),
    ]) {
      const verdict = await verifyBundle(await at.exported(live), at.keys.file('their_signers', text))
      expect(verdict.firstFault, text).toMatchObject({ code: 'SIGNER_NOT_ALLOWED' })
    }
  })

  test('judges approvals as of the time of their use', async () => {
    const line = `${ALICE} valid-after="20260301",valid-before="20260302" ${at.keys.publicKey('alice')}\n`
    const verdict = await verifyBundle(await at.exported(live), at.keys.file('then', line))
    expect(verdict).toMatchObject({ holds: true, notes: ['nobody whom you trust vouches for entries 15–18'] })
  })

  test('finds the signers and the policy of each decision in trust/', async () => {
    const files = await filesIn(await at.exported(live))
    const shown = [...files].filter(([path]) => path.startsWith('trust/'))
    expect(shown.map(([path]) => path.replace(/-[0-9a-f]{64}$/, ''))).toEqual([
      ...['trust/policy-SG1', 'trust/policy-SG2', 'trust/signers-SG1', 'trust/signers-SG2'],
    ])
    expect(asBuffer(shown[2]![1]).equals(readFileSync(signers))).toBe(true)
  })

  test('finds an in-toto statement whose subjects are everything that the run left', async () => {
    const tar = await at.exported(live)
    const [files, record] = [await filesIn(tar), await recordIn(tar)]
    const { _type, subject, predicateType, predicate } = JSON.parse(
      asBuffer(files.get('closeout.json')!).toString(),
    )
    expect({ _type, predicateType }).toEqual({
      _type: 'https://in-toto.io/Statement/v1',
      predicateType: 'urn:cutter:closeout:v1',
    })
    expect(predicate).toMatchObject({
      ...{ runId: live.runId, mode: 'live', outcome: 'succeeded', entries: 18, closedAt: live.updatedAt },
      approvals: expect.arrayContaining([
        expect.objectContaining({ gate: 'SG1', approver: ALICE, usedSeq: 9 }),
      ]),
    })
    const digests = (subject as { name: string; digest: { sha256: string } }[]).map(
      ({ digest }) => `sha256:${digest.sha256}`,
    )
    expect(digests).toEqual(
      expect.arrayContaining([
        ...[live.head, live.snapshotDigest],
        ...record.evidence.map(({ digest }) => digest),
        ...record.approvals.map(({ statementText }) => digestOfBytes(statementText)),
      ]),
    )
    expect(new Set(subject.map(({ name }: { name: string }) => name)).size).toBe(subject.length)
  })
})

describeWithKeys('a countersignature', () => {
  let run: Run
  beforeAll(async () => {
    run = await at.closed('live')
  })
  const by = (as: string, name: string) => ({
    ...{ as, keyFile: at.keys.path(name), trust: { allowedSigners: signers } },
  })

  test('is made once for each person, and is exported', async () => {
    const before = await at.exported(run)
    const one = await addCountersignature(at.sealing, run, by(ALICE, 'alice'))
    expect(await addCountersignature(at.sealing, run, by(ALICE, 'alice'))).toEqual(one)
    expect(await findCountersignatureFault(one, { allowedSigners: signers })).toBeNull()
    const after = await at.exported(run)
    expect(after.equals(before)).toBe(false)
    const verdict = await verifyBundle(after, signers)
    expect(verdict).toMatchObject({ holds: true, notes: [] })
    expect(verdict.ranges.at(-1)).toMatchObject({
      from: 1,
      to: 18,
      by: ALICE,
      kind: 'countersign',
      trusted: true,
    })
  })

  test('by an unlisted key is refused and not kept, so that the listed key can sign later', async () => {
    const closed = await at.closed('live')
    await expect(addCountersignature(at.sealing, closed, by(ALICE, 'bob'))).rejects.toMatchObject({
      code: 'APPROVAL_REFUSED',
      message: expect.stringContaining('does not let alice@example.org sign'),
    })
    expect(await at.world.store.closeoutSignatures(closed.runId)).toHaveLength(1)
    expect(await addCountersignature(at.sealing, closed, by(ALICE, 'alice'))).toMatchObject({ signer: ALICE })
    const revoked = at.keys.file('revoked', `${at.keys.publicKey('alice')}\n`)
    const trust = { allowedSigners: signers, revokedKeys: revoked }
    const another = await at.closed('live')
    await expect(
      addCountersignature(at.sealing, another, { ...by(ALICE, 'alice'), trust }),
    ).rejects.toMatchObject({
      message: expect.stringContaining('is revoked'),
    })
  })

  test('by somebody whom the checker does not know is accepted and not trusted', async () => {
    const odd = "Zoë O'Hara/*"
    const line = `"${odd}" ${at.keys.publicKey('bob')}\n`
    const trust = { allowedSigners: at.keys.file('odd_signers', line) }
    await addCountersignature(at.sealing, run, { ...by(odd, 'bob'), trust })
    const verdict = await verifyBundle(await at.exported(run), signers)
    expect(verdict.holds).toBe(true)
    expect(verdict.ranges).toContainEqual(
      expect.objectContaining({ by: odd, kind: 'countersign', trusted: false }),
    )
  })

  test.each<
    [string, (one: { text: string; signer: string; signature: string; at: string }, run: Run) => void]
  >([
    [
      'is a signature of something else',
      (one) => Object.assign(one, { signature: one.signature.replace(/A/, 'B') }),
    ],
    ['says another time', (one) => restate(one, { at: '2026-02-01T00:00:00.000Z' })],
    ['says another name', (one) => restate(one, { signer: 'bob@example.org' })],
    ['is of another run', (one) => restate(one, { runId: 'ictr-other' })],
    ['is of another closeout', (one) => restate(one, { closeoutDigest: `sha256:${'0'.repeat(64)}` })],
    ['is in another form', (one) => Object.assign(one, { text: `${one.text} ` })],
  ])('is refused when it %s', async (_, change) => {
    const tar = await at.exported(run)
    const record = await recordIn(tar)
    const one = record.closeout!.countersigned.find(({ signer }) => signer === ALICE)!
    change(one, run)
    expect((await verifyBundle(await bundleOf(record, tar), signers)).firstFault).toMatchObject({
      code: 'COUNTERSIGNATURE_INVALID',
    })
  })

  test('is refused for an open run, and for a name of two lines', async () => {
    const open = await at.started('dry-run')
    await expect(addCountersignature(at.sealing, open, by(ALICE, 'alice'))).rejects.toMatchObject({
      code: 'APPROVAL_REFUSED',
    })
    for (const as of ['', 'a\nb', 'x'.repeat(200)]) {
      await expect(addCountersignature(at.sealing, run, by(as, 'alice'))).rejects.toMatchObject({
        code: 'USAGE',
      })
    }
  })
})

const restate = (one: { text: string; signer: string; at: string }, change: { [key: string]: string }) => {
  one.text = canonicalJson({ ...JSON.parse(one.text), ...change })
  Object.assign(one, 'signer' in change || 'at' in change ? change : {})
}

describeWithKeys('verify of other bundles', () => {
  test('accepts an open run, and notes that this is not its end', async () => {
    const run = await at.approve(await at.started('live'))
    const verdict = await verifyBundle(await at.exported(run), signers)
    expect(verdict).toMatchObject({ holds: true, outcome: null, entries: 14 })
    expect(verdict.ranges).toMatchObject([
      { from: 1, to: 7, by: ALICE, trusted: true },
      { from: 8, to: 14, by: null, kind: 'nobody', trusted: false },
    ])
    expect(verdict.notes[0]).toContain('open at entry 14')
    expect(verdict.notes[1]).toBe('nobody whom you trust vouches for entries 8–14')
  })

  test('notes the rehearsal approvals of a dry run', async () => {
    const verdict = await verifyBundle(await at.exported(await at.closed('dry-run')), signers)
    expect(verdict).toMatchObject({ holds: true, mode: 'dry-run' })
    expect(verdict.ranges).toMatchObject([{ kind: 'closeout', from: 1, to: 18 }])
    expect(verdict.approvals.map(({ kind, fingerprint }) => [kind, fingerprint])).toEqual([
      ['rehearsal', null],
      ['rehearsal', null],
    ])
    expect(verdict.notes[0]).toContain('rehearsal approvals')
  })

  test.each(['reject', 'void'] as const)('accepts a run that closed by the decision %s', async (decision) => {
    const { parts, engine } = at.world
    const run = await at.started('live')
    const how = { as: ALICE, decision, reason: 'no', keyFile: at.keys.path('alice') }
    const { approval } = await signApproval(parts, run.runId, how)
    const closed = await engine.resume(run.runId, { approvalId: approval.approvalId })
    const verdict = await verifyBundle(await at.exported(closed), signers)
    expect(verdict).toMatchObject({ holds: true, outcome: decision === 'reject' ? 'rejected' : 'voided' })
    expect(verdict.approvals).toMatchObject([{ decision, counted: true, usedSeq: 8 }])
    expect(verdict.ranges[0]).toMatchObject({ by: ALICE, decision, trusted: true })
  })

  test('accepts an upgraded run under the approvals after its upgrade', async () => {
    const { parts, engine, store } = at.world
    const before = parts.installed
    const waiting = await at.started('live')
    parts.installed = async (name, run) => {
      const { machine, ...installed } = await before(name, run)
      const upgrade = { [machine.version]: { schema: z.looseObject({}), migrate: (old: never) => old } }
      const definitionDigest = digestOf('cut, second version')
      return { ...installed, machine: { ...machine, version: '2', definitionDigest, upgrade } }
    }
    try {
      const resumed = engine.resume(waiting.runId, { by: 'deploybot' })
      await expect(resumed).rejects.toMatchObject({ code: 'APPROVAL_REQUIRED' })
      const closed = await at.approve(await at.approve((await store.run(waiting.runId))!))
      expect(closed).toMatchObject({ version: '2', outcome: 'succeeded' })
      const verdict = await verifyBundle(await at.exported(closed), signers)
      expect(verdict).toMatchObject({ holds: true, firstFault: null, entries: 19 })
      expect(verdict.ranges.map(({ to }) => to)).toEqual([8, 15, 19])

      const record = await recordIn(await at.exported(closed))
      Object.assign(record.genesis, { version: '2' })
      expect(
        (await verifyBundle(await bundleOf(record, await at.exported(closed)), signers)).firstFault,
      ).toMatchObject({
        code: 'RUN_DIFFERS',
      })
    } finally {
      parts.installed = before
    }
  })

  test('accepts a run that was cancelled at its gate, without an approval', async () => {
    const run = await at.started('dry-run')
    await rehearseApproval(at.world.parts, run.runId, { as: ALICE, decision: 'approve', reason: '' })
    const closed = await at.world.engine.cancel(run.runId, { reason: 'late' })
    expect(await verifyBundle(await at.exported(closed), signers)).toMatchObject({
      ...{ holds: true, outcome: 'cancelled', approvals: [] },
    })
  })
})

describeWithKeys('signCloseout', () => {
  test('fails with a key that others may read, and the next export signs', async () => {
    const onClosed = at.world.parts.onClosed!
    at.world.parts.onClosed = async () => {}
    const run = await at.closed('dry-run')
    at.world.parts.onClosed = onClosed
    const { keyFile } = instanceFiles(at.sealing.folder)
    await ensureInstanceKey(at.sealing.folder, 'vm')
    chmodSync(keyFile, 0o640)
    await expect(signCloseout(at.sealing, run)).rejects.toMatchObject({ code: 'INPUT_REFUSED' })
    const verdict = await verifyBundle(await at.exported(run), null)
    expect(verdict).toMatchObject({ holds: true, entries: 18, ranges: [{ kind: 'nobody', from: 1, to: 18 }] })
    expect(verdict.notes[0]).toBe('the run is closed, but its closeout is not signed')
    chmodSync(keyFile, 0o600)
    const sealed = await at.exported(run)
    expect((await verifyBundle(sealed, null)).ranges).toMatchObject([{ kind: 'closeout' }])
    await withoutTrustedTools(async () => {
      await expect(verifyBundle(sealed, null)).rejects.toMatchObject({ code: 'TOOL_MISSING' })
    })
  })

  test('signs once, with one key, when two processes sign at the same time', async () => {
    const onClosed = at.world.parts.onClosed!
    at.world.parts.onClosed = async () => {}
    const run = await at.closed('dry-run')
    at.world.parts.onClosed = onClosed
    const folder = mkdtempSync(join(tmpdir(), 'cutter-two-'))
    const sealing = { ...at.sealing, folder }
    const [one, two] = await Promise.all([signCloseout(sealing, run), signCloseout(sealing, run)])
    rmSync(folder, { recursive: true })
    expect(one).toEqual(two)
    expect((await verifyBundle(await at.exported(run), null)).holds).toBe(true)
  })

  test('refuses an open run', async () => {
    await expect(signCloseout(at.sealing, await at.started('dry-run'))).rejects.toMatchObject({
      code: 'APPROVAL_REFUSED',
    })
  })
})

describeWithKeys('VERIFY.md', () => {
  const checked = (tar: Buffer, file = signers) =>
    runInstructions(tar, { allowed_signers: readFileSync(file) })

  test('has commands that check the bundle with tar, sha256sum and ssh-keygen alone', async () => {
    const run = await at.closed('live')
    const trust = { allowedSigners: signers }
    await addCountersignature(at.sealing, run, { as: ALICE, keyFile: at.keys.path('alice'), trust })
    const { status, stdout, stderr } = await checked(await at.exported(run))
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain(`the history holds, its head is ${run.head}`)
    expect(stdout.match(/Good "cutter.cut.SG[12]" signature for alice@example.org/g)).toHaveLength(2)
    expect(stdout.match(/Good "cutter.closeout" signature/g)).toHaveLength(2)
    expect(stdout).toMatch(/DONE\n$/)
  })

  test('lists every approver of a gate that needs several', async () => {
    const two = await aBundleMaker({ need: 2 })
    const tar = await two.exported(await two.closed('live'))
    const { status, stdout, stderr } = await checked(tar, two.keys.path('allowed_signers'))
    await two.remove()
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    for (const who of [ALICE, BOB])
      expect(stdout.match(new RegExp(`Good "cutter.cut.SG[12]" signature for ${who}`, 'g'))).toHaveLength(2)
  })

  test('has commands that stop at an altered file with a corrected manifest', async () => {
    const tar = await at.exported(live)
    for (const [file, from, to, stops] of [
      [/^history/, '"by":"engine"', '"by":"nobody"', 'edited: '],
      [/^history/, /^(.*\n)(.*\n)(.*\n)/, '$1$3$2', 'broken before: '],
      [/^genesis/, 'deploybot', 'deploybox', 'broken before: '],
      [/^snapshot/, 'done', 'gone', 'another snapshot'],
      [/^approvals\/.*json$/, 'alice', 'malice', 'was edited'],
      [/^approvals\/.*sig$/, /.{5}(?==*\n-----END)/, 'AAAAA', 'Could not verify signature'],
      [/^plans/, 'cuts', 'cats', 'is not what its name says'],
      [/^evidence\//, 'of', 'or', 'is not what its name says'],
      [/^closeout.json$/, 'entries', 'entrees', 'Could not verify signature'],
      [/^closeout.json$/, live.head.slice(7), '0'.repeat(64), 'the closeout is of another history'],
    ] as const) {
      const files = new Map(await filesIn(tar))
      const path = [...files.keys()].find((name) => file.test(name))!
      const text = asBuffer(files.get(path)!).toString()
      expect(text, path).toMatch(from)
      files.set(path, Buffer.from(text.replace(from, to)))
      files.set('MANIFEST.sha256', Buffer.from(manifestText(files)))
      const { status, stdout, stderr } = await checked(await tarOf(files))
      expect(`${stdout}${stderr}`, path).toContain(stops)
      expect(status, path).not.toBe(0)
      expect(stdout).not.toContain('DONE')
    }
  })

  test('checks a dry run, an open run, and a run without a signed closeout', async () => {
    const onClosed = at.world.parts.onClosed!
    at.world.parts.onClosed = async () => {}
    const unsealed = await at.closed('dry-run')
    at.world.parts.onClosed = onClosed
    const runs = [await at.closed('dry-run'), await at.started('live')]
    const tars = await Promise.all(runs.map((run) => at.exported(run)))
    const { keyFile } = instanceFiles(at.sealing.folder)
    chmodSync(keyFile, 0o640)
    tars.push(await at.exported(unsealed))
    chmodSync(keyFile, 0o600)
    for (const tar of tars) {
      const { status, stdout, stderr } = await checked(tar)
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      expect(stdout).toMatch(/DONE\n$/)
    }
  })
})
