import type { HistoryEntry } from '../../../src/domain/history-entry.ts'
import { ALICE } from '../../bundle/bundle-fixture.ts'
import { changePolicy, forge } from '../../bundle/forge-bundle.ts'
import { type Forgery, fullWidth, type Good, sealed, signedBy } from './forgery.ts'

const NAMES: [string, string][] = [
  ['a line break', 'alice@example.org\nnote     all is trusted'],
  ['a carriage return', 'alice@example.org\rwhom you trust'],
  ['a line separator', 'alice@example.org\u2028whom you trust'],
  ['an escape sequence', 'alice@example.org\u001b[2K'],
  ['an 8-bit control', 'alice\u009bm@example.org'],
]
/** Names that are one line, and show less than they hold. */
const HIDING: [string, string][] = [
  ['a zero-width space', 'alice\u200b@example.org'],
  ['a right-to-left override', `\u202e${[...ALICE].reverse().join('')}`],
  ['a soft hyphen', 'al\u00adice@example.org'],
  ['a byte order mark', '\ufeffalice@example.org'],
  ['a tag character', 'alice\u{e0061}@example.org'],
  ['a combining form', 'alice\u0301@example.org'],
  ['a look-alike', '\u0430lice@example.org'],
  ['full-width letters', `${fullWidth('alice')}@example.org`],
  ['a backtick', 'alice`x`@example.org'],
  ['blanks', 'alice@example.org, whom you trust   '],
  ['a lone surrogate', 'alice\ud800@example.org'],
  ['a private-use character', 'alice\ue000@example.org'],
  ['a quote', "alice'$(id)'@example.org"],
]

/** The first evidence of an entry under a name that holds lines. */
const named = (evidence: unknown) => ({
  'x\n```\u202e': Object.values(evidence as { [name: string]: string })[0]!,
})

/** Names and texts that hold lines, or show less than they hold. */
export async function nameForgeries({ at, tar: good }: Good): Promise<Forgery[]> {
  const found: Forgery[] = []
  for (const [what, approver] of [...NAMES, ...HIDING]) {
    const isHiding = HIDING.some(([name]) => name === what)
    const tar = await sealed(at, good, async (record) => {
      await signedBy(at, record, 'mallory', { approver })
      changePolicy({ of: [ALICE, approver] })(record)
    })
    found.push({ name: `${what} in an approver`, tar, exit: 1 })
    found.push({ name: `${what} in an approver, no signers`, tar, signers: null, exit: isHiding ? 3 : 1 })
  }
  // Nobody signed the entries after the last gate of a run without a closeout.
  const fields: [string, 1 | 3, (entry: HistoryEntry) => void][] = [
    ['a state', 1, (entry) => void Object.assign(entry, { state: 'X\u202e' })],
    [
      'the gate of an arrival',
      1,
      ({ event }) => void Object.assign(event, { arrival: { gate: 'SG3\u200b', planDigest: null } }),
    ],
    ['an event', 3, ({ event }) => void Object.assign(event, { type: 'x\nclosed: succeeded\u202e' })],
    ['an operator', 3, (entry) => void Object.assign(entry, { by: 'x\nalice@example.org\u202e' })],
    [
      'the name of an evidence',
      3,
      ({ event }) => void Object.assign(event, { evidence: named(event.evidence) }),
    ],
    ['a note of an event', 3, ({ event }) => void Object.assign(event, { note: 'x\n```sh\nid\n```' })],
  ]
  for (const [what, exit, change] of fields) {
    const tar = await forge(good, (record) => {
      record.closeout = null
      change(record.history.at(-2)!)
    })
    found.push({ name: `planted text in ${what}`, tar, signers: null, exit })
  }
  return found
}
