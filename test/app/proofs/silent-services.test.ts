import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundleDeps } from '../../../src/app/closeout-deps.ts'
import { completeProofs } from '../../../src/app/proofs/complete-proofs.ts'
import { logKeyOf } from '../../../src/app/proofs/instance-log.ts'
import { writeBundle } from '../../../src/bundle/write-bundle.ts'
import { formatNoteKey } from '../../../src/domain/signed-note.ts'
import { TRUSTED_TOOLS } from '../../../src/tools/open-tools.ts'
import { aBundleMaker, type Bundles } from '../../bundle/bundle-fixture.ts'
import { removeFolders } from '../../store/store-folders.ts'
import { aLogWitness, type LogWitness } from '../../support/log-witness.ts'
import { describeWithKeys } from '../../support/ssh-keys.ts'
import { aTimeAuthority, type TimeAuthority } from '../../support/time-authority.ts'

/** An authority and witnesses that take requests and never answer: what an evidence bundle waits for them. */

const ORIGIN = 'cutter.example.org/main'
/** What export needs by itself on a busy computer, in milliseconds. */
const OWN_WORK = 4_000

describeWithKeys('services of time that are silent', () => {
  let at: Bundles
  let authority: TimeAuthority
  let witnesses: LogWitness[]

  beforeAll(async () => {
    ;[at, authority, ...witnesses] = await Promise.all([
      aBundleMaker(),
      aTimeAuthority(),
      aLogWitness('witness.example.org/w1'),
      aLogWitness('witness.example.org/w2'),
    ])
    const { key } = await logKeyOf(at.sealing.folder, 'quiet_host', ORIGIN)
    for (const witness of witnesses) witness.know(formatNoteKey(key))
  })
  afterAll(async () => {
    await Promise.all([authority?.close(), ...(witnesses ?? []).map((one) => one.close()), at?.remove()])
    removeFolders()
  })

  const evidence = () => ({
    timestamp: { url: authority.url },
    log: { origin: ORIGIN, witnesses: witnesses.map(({ url, key }) => ({ url, key })) },
  })
  const interrupt = new AbortController().signal

  test('delay an evidence bundle by at most 6 seconds, however many bundles wait at once', async () => {
    authority.mode = 'is silent'
    for (const witness of witnesses) witness.isSilent = true
    const { folder, store } = at.sealing
    const config = { tools: undefined, evidence: evidence() } as never
    const deps = bundleDeps({ home: dirname(folder), store, config, interrupt })
    const runs = [await at.closed('live'), await at.closed('live'), await at.closed('live')]
    const before = Date.now()
    const missing = await Promise.all(runs.map((run) => deps.completeProofs!(run)))
    expect(Date.now() - before).toBeLessThan(6_000 + OWN_WORK)
    for (const sentences of missing) {
      expect(sentences.length).toBeGreaterThanOrEqual(4)
      for (const sentence of sentences) expect(sentence).toContain('the run is not affected')
      expect(sentences.join('\n')).toContain('no cosignature for the closeout')
    }
    await writeBundle({ ...at.sealing }, runs[0]!, join(folder, 'silent.tar'))
  }, 40_000)

  test('are named, and the cosignature of another witness is kept', async () => {
    authority.mode = 'tokens'
    witnesses[0]!.isSilent = true
    witnesses[1]!.isSilent = false
    const { folder, store } = at.sealing
    const missing: string[] = []
    const warn = (text: string) => void missing.push(text)
    const deps = { home: dirname(folder), store, tools: TRUSTED_TOOLS, interrupt, warn }
    const run = await at.closed('live')
    await completeProofs(deps, evidence(), run)
    expect(missing).toHaveLength(1)
    expect(missing[0]).toMatch(
      /^no cosignature for the closeout: no answer from 127\.0\.0\.1:\d+: nothing within 5 s; the run is not affected/,
    )
    missing.length = 0
    await completeProofs(deps, evidence(), run)
    expect(missing).toEqual([])
  }, 40_000)
})
