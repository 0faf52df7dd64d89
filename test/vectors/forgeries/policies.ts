import { digestOfBytes } from '../../../src/domain/json.ts'
import { ALICE } from '../../bundle/bundle-fixture.ts'
import { changePolicy, forge, lastDecision } from '../../bundle/forge-bundle.ts'
import type { Forgery, Good } from './forgery.ts'

/** Values of each field of a recorded policy: those that are read, and others that a verifier might take for one. */
const POLICIES: { [field: string]: { holds: unknown[]; refused: unknown[] } } = {
  of: {
    holds: [null, [ALICE], ['x', ALICE]],
    refused: [
      ALICE,
      `x ${ALICE}`,
      { [ALICE]: 1 },
      [],
      [[ALICE]],
      [ALICE, 1],
      true,
      1,
      ['ALICE@example.org'],
      [`${ALICE} `],
    ],
  },
  need: { holds: [1], refused: [0, -1, 2, 1.5, '1', true, null, [], 2 ** 53] },
  fourEyes: { holds: [true, false], refused: [0, 1, '', 'true', null, []] },
  validHours: { holds: [24, 0.5, 1e300], refused: [0, -24, '24', true, null, [24]] },
  allowedSignersDigest: { holds: [], refused: [null, '', 1, `sha256:${'0'.repeat(64)}`] },
  gate: { holds: [], refused: ['SG1', '', null, 1, 'SG2 '] },
  presence: { holds: [null, 'preferred'], refused: ['required', 'Required', '', true, 1, []] },
  verification: { holds: [null, 'preferred'], refused: ['', 'always', false, 0, {}] },
  origins: { holds: [null, [], ['https://x']], refused: ['https://x', 'x', {}, true, 1, [1], [null]] },
  rpIds: { holds: [null, [], ['x']], refused: ['x', {}, true, 1, [1]] },
  another: { holds: [1, 'x', { a: null }], refused: [] },
}

/** Policies in another form, of a passage whose end nobody signed. */
export async function policyForgeries({ tar: good }: Good): Promise<Forgery[]> {
  const rows: Forgery[] = []
  for (const [field, { holds, refused }] of Object.entries(POLICIES))
    for (const [values, exit] of [
      [holds, 0],
      [refused, 1],
    ] as const)
      for (const value of values) {
        const tar = await forge(good, (record) => {
          record.closeout = null
          changePolicy({ [field]: value })(record)
        })
        rows.push({ name: `a policy with ${field} ${JSON.stringify(value)}`, tar, exit })
      }
  const texts: [string, (text: string) => string, 0 | 1][] = [
    ['NaN', (text) => text.replace('"validHours":24', '"validHours":NaN'), 1],
    ['a number beyond all bounds', (text) => text.replace('"validHours":24', '"validHours":1e999'), 1],
    ['a need beyond all bounds', (text) => text.replace('"need":1', '"need":1e999'), 1],
    ['a field twice, the last one weak', (text) => text.replace('"need":1', '"need":9,"need":1'), 0],
    ['a field twice, the last one strict', (text) => text.replace('"need":1', '"need":1,"need":9'), 1],
    ['a byte order mark', (text) => `\ufeff${text}`, 1],
    ['blanks', (text) => ` ${text}\n`, 0],
    ['a comment', (text) => `${text} // x`, 1],
    ['no object', () => '[]', 1],
    ['nothing', () => '', 1],
    ['null', () => 'null', 1],
  ]
  for (const [name, change, exit] of texts) {
    const tar = await forge(good, (record) => {
      record.closeout = null
      const { event } = lastDecision(record)
      const bytes = Buffer.from(
        change(Buffer.from(record.bytes.get(event.policyDigest as string)!).toString()),
      )
      const digest = digestOfBytes(bytes)
      record.bytes.set(digest, bytes)
      event.policyDigest = digest
      event.evidence = { ...(event.evidence as object), 'policy/SG2': digest }
    })
    rows.push({ name: `a policy text with ${name}`, tar, exit })
  }
  return rows
}
