import { readFileSync } from 'node:fs'
import { alter, editFile } from '../bundle/forge-bundle.ts'
import { INSTANCE, rotatedBundles, rotationOf, withRotations } from '../bundle/rotated-bundles.ts'
import { shared, type VectorCase } from './read-vectors.ts'

/** Bundles of runs that closed after rotations of the instance's key. */
export async function rotationCases(given: { definitionDigest: string }): Promise<VectorCase[]> {
  const made = await rotatedBundles(given)
  const { at, keys, tars } = made
  const [, once, twice] = tars as [Buffer, Buffer, Buffer]
  const [one, two] = await made.rotations()
  const alice = readFileSync(at.keys.path('allowed_signers'), 'utf8')
  const line = (index: number, options: string) => {
    const [type, blob] = keys[index]!.split(' ')
    return `${INSTANCE} ${options} ${type} ${blob}\n`
  }
  const closeouts = 'namespaces="cutter.closeout"'
  const first = shared('first-key.signers', alice + line(0, closeouts))
  const second = shared('second-key.signers', alice + line(1, closeouts))
  const third = shared('third-key.signers', alice + line(2, closeouts))
  const elsewhere = shared('first-key-elsewhere.signers', alice + line(0, 'namespaces="git"'))
  const limited = shared(
    'second-key-limited.signers',
    alice + line(0, closeouts) + line(1, 'valid-before="20260101"'),
  )
  const revoked = shared('second-key.revoked', `${keys[1]}\n`)
  const earliest = shared('first-key.revoked', `${keys[0]}\n`)
  const trusted = { signers: first, args: ['--require-trusted'] }

  const keyFile = at.keys.key('mallory')
  const publicKey = `${at.keys.publicKey('mallory')} ${INSTANCE}`
  const byMallory = (oldKey: string, newKey: string) => rotationOf(keyFile, oldKey, newKey)
  const other = `${at.keys.publicKey('alice')} ${INSTANCE}`
  const circle = [
    await byMallory(publicKey, other),
    await rotationOf(at.keys.path('alice'), other, publicKey),
  ]
  const swapped = { statementText: two.statementText, signature: one.signature }
  const numbered = (tar: Buffer, from: number, to: number) =>
    alter(tar, (files) =>
      editFile(files, 'run.json', (text) => text.replace(`"format":${from}`, `"format":${to}`)),
    )
  const forged: [string, Buffer][] = [
    ['signature', await withRotations(twice, [one, await byMallory(keys[1]!, keys[2]!)])],
    ['swapped', await withRotations(twice, [one, swapped])],
    ['apart', await withRotations(twice, [one])],
    ['branch', await withRotations(once, [one, await byMallory(publicKey, keys[1]!)])],
    ['circle', await withRotations(once, circle, { keyFile, publicKey })],
    ['format', await numbered(once, 3, 2)],
    ['missing', await numbered(tars[0]!, 2, 3)],
  ]
  const cases: VectorCase[] = [
    { name: 'good-live-rotated', tar: once, ...trusted },
    { name: 'good-live-rotated-twice', tar: twice, ...trusted },
    { name: 'good-live-rotated-second-key', tar: twice, ...trusted, signers: second },
    { name: 'good-live-rotated-earlier-revoked', tar: twice, ...trusted, signers: second, revoked: earliest },
    { name: 'good-live-rotated-short', tar: await withRotations(twice, [two]), ...trusted, signers: second },
    { name: 'unmet-rotated-short', tar: await withRotations(twice, [two]), ...trusted },
    { name: 'unmet-rotated-later-key', tar: once, ...trusted, signers: third },
    { name: 'unmet-rotated-elsewhere', tar: twice, ...trusted, signers: elsewhere },
    { name: 'unmet-rotated-limited', tar: twice, ...trusted, signers: limited },
    { name: 'unmet-rotated-revoked', tar: twice, ...trusted, revoked },
    ...forged.map(([name, tar]) => ({ name: `refused-rotation-${name}`, tar, ...trusted })),
  ]
  await at.remove()
  return cases
}
