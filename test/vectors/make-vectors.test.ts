import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { approvalIdOf } from '../../src/approvals/statement.ts'
import { RELEASES } from '../../src/builtin/released-definitions.ts'
import { CLOSEOUT_NAMESPACE, closeoutText } from '../../src/bundle/closeout-statement.ts'
import { addCountersignature } from '../../src/bundle/countersign-closeout.ts'
import type { RunRecord } from '../../src/bundle/run-record.ts'
import { asBuffer, type Files } from '../../src/bundle/tar.ts'
import { canonicalJson } from '../../src/domain/json.ts'
import { rehearseApproval, signApproval } from '../../src/engine/manage-approvals.ts'
import { ALICE, aBundleMaker, type Bundles, bundleOf, recordIn } from '../bundle/bundle-fixture.ts'
import { alter, changePolicy, editFile, forge, lastDecision, restate } from '../bundle/forge-bundle.ts'
import { ORIGIN, passkeyBundles } from '../bundle/passkey-bundle.ts'
import { withoutGate } from '../bundle/without-gate.ts'
import { abandonedCases } from './abandoned-cases.ts'
import { arriveAgain } from './forgeries/approvals.ts'
import { sealed } from './forgeries/forgery.ts'
import { pythonCases } from './python-cases.ts'
import { answerOf, pathOf, shared, type Vector, type VectorCase } from './read-vectors.ts'
import { rotationCases } from './rotation-cases.ts'

/**
 * Writes the vectors of this folder again: `MAKE_VECTORS=1 npx vitest run --project main test/vectors/make-vectors.test.ts`. They have
 * other keys then. Read the difference of vectors.json: every answer is that of `cutter verify`, and must be the one that the name says.
 */
test.runIf(process.env.MAKE_VECTORS === '1')('the vectors are written', { timeout: 600_000 }, async () => {
  for (const old of readdirSync(import.meta.dirname).filter((name) =>
    /\.tar\.gz$|\.signers$|\.revoked$/.test(name),
  ))
    rmSync(join(import.meta.dirname, old))
  const definitionDigest = RELEASES.at(-1)!.definitions.cut!
  const one = await aBundleMaker({ definitionDigest })
  const two = await aBundleMaker({ definitionDigest, need: 2 })
  const other = await aBundleMaker()
  const cases = [
    ...(await goodCases(one, two, other)),
    ...(await forgedCases(one, two)),
    ...(await passkeyCases(one)),
    ...(await rotationCases({ definitionDigest })),
    ...(await abandonedCases({ definitionDigest })),
  ]
  const vectors: Vector[] = []
  const written: { file: string; tar: Buffer }[] = []
  for (const { name, tar, args = [], ...files } of [...cases, ...(await pythonCases(one))]) {
    const earlier = written.find((one) => one.tar.equals(tar))
    const file = earlier?.file ?? `${name}.tar.gz`
    if (earlier === undefined) writeFileSync(pathOf(file), gzipSync(tar, { level: 9 }))
    written.push({ file, tar })
    vectors.push(await vectorOf(name, { file, args, ...files }))
  }
  const released = join(import.meta.dirname, '../fixtures/ec8f423/bundles')
  for (const name of readdirSync(released).filter((file) => file.endsWith('.tar.gz')))
    vectors.push({
      ...(await vectorOf(`released-${name.replace('.tar.gz', '')}`, {
        file: `../fixtures/ec8f423/bundles/${name}`,
        signers: '../fixtures/ec8f423/bundles/allowed_signers',
        args: [],
      })),
    })
  writeFileSync(join(import.meta.dirname, 'vectors.json'), `${JSON.stringify(vectors, null, 2)}\n`)
  expect(vectors.length).toBeGreaterThan(40)
  await Promise.all([one, two, other].map((each) => each.remove()))
})

async function vectorOf(name: string, given: Omit<Vector, 'name' | 'answer'>): Promise<Vector> {
  return { name, ...given, answer: await answerOf(given) }
}

async function goodCases(at: Bundles, two: Bundles, other: Bundles): Promise<VectorCase[]> {
  const { parts, engine } = at.world
  const live = await at.closed('live')
  const signers = shared('alice.signers', readFileSync(at.keys.path('allowed_signers'), 'utf8'))
  const trusting = shared('alice-and-instance.signers', readFileSync(await at.trustingInstance(live), 'utf8'))
  const both = shared('both.signers', readFileSync(two.keys.path('allowed_signers'), 'utf8'))
  const unknown = shared(
    'unknown-definition.signers',
    readFileSync(other.keys.path('allowed_signers'), 'utf8'),
  )
  const pattern = shared('pattern.signers', `*@example.org ${at.keys.publicKey('alice')}\n`)
  const nobody = shared('nobody.signers', '')
  const revoked = shared('alice.revoked', `${at.keys.publicKey('alice')}\n`)
  const instance = (await recordIn(await at.exported(live))).closeout!.instance.publicKey
  const revokedInstance = shared('instance.revoked', `${instance}\n`)
  const tar = await at.exported(live)
  const dry = await at.exported(await at.closed('dry-run'))
  const waiting = await at.started('live')
  const open = await at.exported(waiting)
  const rejected = await at.started('live')
  const { approval } = await signApproval(parts, rejected.runId, {
    as: ALICE,
    decision: 'reject',
    reason: 'no',
    keyFile: at.keys.path('alice'),
  })
  const rejectedTar = await at.exported(
    await engine.resume(rejected.runId, { approvalId: approval.approvalId }),
  )
  const late = await at.started('dry-run')
  await rehearseApproval(parts, late.runId, { as: ALICE, decision: 'approve', reason: '' })
  const cancelled = await at.exported(await engine.cancel(late.runId, { reason: 'late' }))
  const unknownRun = await other.closed('live')
  const unknownTar = await other.exported(unknownRun)
  const unknownTrusting = shared(
    'unknown-and-instance.signers',
    readFileSync(await other.trustingInstance(unknownRun), 'utf8'),
  )
  return [
    { name: 'good-live', tar, signers },
    { name: 'good-live-no-signers', tar },
    { name: 'good-live-integrity-only', tar, args: ['--integrity-only'] },
    { name: 'good-live-require-gates', tar, signers, args: ['--require', 'SG1,SG2'] },
    { name: 'unmet-gate', tar, signers, args: ['--require', 'SG3'] },
    { name: 'good-live-require-trusted', tar, signers: trusting, args: ['--require-trusted'] },
    { name: 'unmet-trust', tar, signers, args: ['--require-trusted'] },
    { name: 'good-live-two-approvers', tar: await two.exported(await two.closed('live')), signers: both },
    {
      name: 'good-live-countersigned',
      tar: await countersigned(at),
      signers,
      args: ['--require-trusted'],
    },
    { name: 'good-live-open', tar: open, signers },
    { name: 'good-live-rejected', tar: rejectedTar, signers },
    { name: 'good-dry', tar: dry, signers },
    { name: 'unmet-gates-rehearsed', tar: dry, signers, args: ['--require', 'SG1,SG2'] },
    { name: 'unmet-trust-dry', tar: dry, signers: trusting, args: ['--require-trusted'] },
    { name: 'good-dry-cancelled', tar: cancelled, signers },
    { name: 'good-live-unsigned', tar: await forge(tar, unseal), signers },
    { name: 'gates-unknown', tar: unknownTar, signers: unknown },
    {
      name: 'unmet-trust-gates-unknown',
      tar: unknownTar,
      signers: unknownTrusting,
      args: ['--require-trusted'],
    },
    {
      name: 'gates-unknown-required',
      tar: unknownTar,
      signers: unknownTrusting,
      args: ['--require', 'SG1,SG2', '--require-trusted'],
    },
    {
      name: 'revoked-instance',
      tar,
      signers: trusting,
      revoked: revokedInstance,
      args: ['--require-trusted'],
    },
    // Without signers, because nobody's trust decides.
    { name: 'forged-stale-approval', tar: await sealed(at, tar, arriveAgain) },
    { name: 'refused-key-revoked', tar, signers, revoked },
    { name: 'refused-signer-pattern', tar, signers: pattern },
    { name: 'refused-signer-not-allowed', tar, signers: nobody },
  ]
}

async function passkeyCases(at: Bundles): Promise<VectorCase[]> {
  const made = await passkeyBundles(at)
  const signers = shared('passkey.signers', readFileSync(made.signers, 'utf8'))
  const explained = await passkeyBundles(at)
  const wording = 1
  const [tar, elsewhere] = [
    await made.signedOn(ORIGIN, { wording }),
    await made.signedOn('https://evil.example.org', { wording }),
  ]
  return [
    {
      name: 'good-live-passkey-explained',
      tar: await explained.signedOn(ORIGIN),
      signers: shared('passkey-explained.signers', readFileSync(explained.signers, 'utf8')),
    },
    { name: 'good-live-passkey', tar, signers },
    { name: 'good-live-passkey-origins', tar, signers, args: ['--origins', ORIGIN] },
    { name: 'unmet-origin', tar, signers, args: ['--origins', 'https://other.example.org'] },
    { name: 'refused-policy-origin', tar: elsewhere, signers },
  ]
}

/** The operator of the instance has its key, and signs a forged end again. */
async function signedAgain(at: Bundles, tar: Buffer): Promise<Buffer> {
  const record = await recordIn(tar)
  const { instance } = record.closeout!
  const text = closeoutText(record, instance)
  record.closeout!.text = text
  instance.signature = await signText({
    text,
    keyFile: join(at.sealing.folder, 'instance_key'),
    namespace: CLOSEOUT_NAMESPACE,
  })
  return bundleOf(record, tar)
}

async function forgedCases(at: Bundles, two: Bundles): Promise<VectorCase[]> {
  const good = await at.exported(await at.closed('live'))
  const dry = await at.exported(await at.closed('dry-run'))
  const quorum = await two.exported(await two.closed('live'))
  const signers = 'alice-and-instance.signers'
  const altered = (change: Parameters<typeof alter>[1]) => alter(good, change)
  const without = (gate: string) => forge(good, (record) => withoutGate(record, gate))
  const unsealed = (change: (record: RunRecord) => void) =>
    forge(good, (record) => {
      record.closeout = null
      change(record)
    })
  const flipped = Buffer.from(good)
  flipped[good.indexOf('"by":"deploybot"') + 7]! ^= 1
  const text = (name: string | RegExp, from: string | RegExp, to: string) =>
    altered((files) => editFile(files, name, (old) => old.replace(from, to)))
  const tars: [string, Buffer | Promise<Buffer>][] = [
    ['refused-byte', flipped],
    ['refused-tail', Buffer.concat([good, Buffer.alloc(512)])],
    ['refused-manifest', forgedManifest(good)],
    ['refused-format', text('run.json', '"format":2', '"format":9')],
    ['refused-file-missing', altered((files) => void files.delete('genesis.json'))],
    ['refused-file-unknown', altered((files) => void files.set('note.txt', Buffer.from('hello')))],
    ['refused-json-form', text('run.json', ',', ', ')],
    ['refused-name', forge(good, ({ history }) => void Object.assign(history[1]!, { state: 'A\n```sh' }))],
    ['refused-outcome', text('run.json', '"outcome":"succeeded"', '"outcome":"failed"')],
    ['refused-first-facts', text('genesis.json', 'deploybot', 'deploybox')],
    ['refused-entry', text('history.jsonl', '"by":"engine"', '"by":"nobody"')],
    ['refused-snapshot', text('snapshot.json', 'done', 'gone')],
    ['refused-plan', text(/^plans\/SG2/, 'enacts', 'enacted')],
    ['refused-evidence', text(/^evidence\//, 'of', 'or')],
    ['refused-statement', text(/^approvals\/.*json$/, 'alice', 'malice')],
    ['refused-approval-unnamed', altered(withUnnamedApproval)],
    ['refused-countersignature', alter(await countersigned(at), withOtherCountersignature)],
    ['refused-signature', forge(good, (record) => restate(record, { reason: 'never' }))],
    [
      'refused-expired',
      forge(good, (record) =>
        restate(record, { issuedAt: '2026-02-01T09:00:00.000Z', expiresAt: '2026-02-02T09:00:00.000Z' }),
      ),
    ],
    ['refused-other-run', forge(good, (record) => restate(record, { runId: 'ictr-other' }))],
    ['refused-other-gate', forge(good, (record) => restate(record, { gate: 'SG1' }))],
    [
      'refused-rehearsal',
      forge(
        good,
        ({ approvals }) => void Object.assign(approvals[0]!, { kind: 'rehearsal', signature: null }),
      ),
    ],
    [
      'refused-history-before-gate',
      unsealed(({ history }) => void Object.assign(history[2]!, { by: 'somebody' })),
    ],
    ['refused-end', forge(good, ({ history }) => void Object.assign(history.at(-1)!, { by: 'somebody' }))],
    ['refused-closeout', text('closeout.json', '"entries":18', '"entries":17')],
    ['refused-verify-text', text('VERIFY.md', 'sha256sum -c', 'true')],
    ['refused-verify-line', text('VERIFY.md', '-I alice@example.org', '-I mallory@example.org')],
    ['refused-policy-need', forge(quorum, changePolicy({ need: 3 }))],
    [
      'refused-policy-four-eyes',
      forge(quorum, (record) => void Object.assign(lastDecision(record), { by: 'Alice@Example.org' })),
    ],
    ['refused-policy-presence', forge(quorum, changePolicy({ presence: 'required' }))],
    ['refused-unapproved', unsealed(withoutApproval)],
    ['forged-without-sg2', without('SG2').then((tar) => signedAgain(at, tar))],
    ['forged-without-sg2-unsealed', unsealed((record) => withoutGate(record, 'SG2'))],
    [
      'forged-without-gates',
      without('SG2')
        .then((tar) => forge(tar, (record) => withoutGate(record, 'SG1')))
        .then((tar) => signedAgain(at, tar)),
    ],
    [
      'forged-dry-without-sg2',
      forge(dry, (record) => withoutGate(record, 'SG2')).then((tar) => signedAgain(at, tar)),
    ],
  ]
  const made = await Promise.all(tars.map(async ([name, tar]) => ({ name, tar: await tar })))
  return made.map((each) => ({
    ...each,
    signers: each.name.startsWith('refused-policy') ? 'both.signers' : signers,
  }))
}

/** A statement that no entry of the history names. */
function withUnnamedApproval(files: Files): void {
  const [text] = [...files].flatMap(([path, bytes]) =>
    /^approvals\/.*json$/.test(path) ? [asBuffer(bytes).toString()] : [],
  )
  const other = canonicalJson({ ...JSON.parse(text!), nonce: 'another' })
  files.set(`approvals/${approvalIdOf(other)}.json`, Buffer.from(other))
}

function withOtherCountersignature(files: Files): void {
  const path = [...files.keys()].find((name) => /^countersignatures\/.*sig$/.test(name))!
  files.set(path, files.get('closeout.json.sig')!.slice())
  editFile(files, path, (text) =>
    text.replace(/[A-Z](?=[A-Za-z]{9}\n)/, (letter) => (letter === 'A' ? 'B' : 'A')),
  )
}

async function countersigned(at: Bundles): Promise<Buffer> {
  const run = await at.closed('live')
  const trust = { allowedSigners: at.keys.path('allowed_signers') }
  await addCountersignature(at.sealing, run, { as: ALICE, keyFile: at.keys.path('alice'), trust })
  return at.exported(run)
}

const unseal = (record: RunRecord) => void Object.assign(record, { closeout: null })

function withoutApproval(record: RunRecord): void {
  record.history[7]!.event = { type: 'TICK' }
  record.approvals = record.approvals.filter(
    ({ approvalId }) => approvalId === record.history[15]!.event.approvalUsed,
  )
  delete record.history[8]!.event.approvalUsed
}

async function forgedManifest(good: Buffer): Promise<Buffer> {
  const at = good.indexOf('  genesis.json\n')
  const changed = Buffer.from(good)
  changed[at - 1] = changed[at - 1] === 48 ? 49 : 48
  return changed
}
