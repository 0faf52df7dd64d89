import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Database } from 'better-sqlite3'

/**
 * Texts that repeat what every run has, as bytes: one byte that names the form, then the text by DEFLATE (RFC 1951) with a dictionary. Stores keep
 * them, so neither the form nor its dictionary ever changes: another one takes the next number.
 */
const FORM = Buffer.of(1)

/** What events of the engine, snapshots, closeouts and their signatures are made of. */
const DICTIONARY = Buffer.from(
  [
    '-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg',
    '8AAAAPY3V0dGVyLmNsb3Nlb3V0AAAAAAAAAAZzaGE1MTIAAABTAAAA\nC3NzaC1lZDI1NTE5AAAAQ\n-----END SSH SIGNATURE-----\n',
    '{"type":"cutter.start","operatorDeclared":"self","executionSwitch":{"enabled":false,"until":null,"at":"2026-01-01T00:00:00.000Z"},"moduleSource":[{"file":"","digest":"sha256:"}]}',
    '{"machine":"","version":"1","definitionDigest":"sha256:","snapshot":{"status":"done","value":"","historyValue":{},"context":{"input":{},"mode":"dry-run","facts":{},"output":{},"planDigest":"sha256:","stop":null,"approvalId":null},"children":{}}}',
    '{"_type":"https://in-toto.io/Statement/v1","predicate":{"approvals":[{"approvalId":"ap-","approver":"","decision":"approve","gate":"SG1","kind":"signed","usedSeq":1},{"approvalId":"ap-","approver":"","decision":"approve","gate":"SG2","kind":"rehearsal","usedSeq":1}],"closedAt":"2026-","definitionDigest":"sha256:","entries":1,"evidence":1,"machine":"","mode":"live","osUser":"","outcome":"succeeded","output":{},"planDigest":"sha256:","runId":"","signedAt":"2026-","signer":"cutter-instance@","startedAt":"2026-","startedBy":"","state":"CLOSEOUT_REPORTED","version":"1"},"predicateType":"urn:cutter:closeout:v1","subject":[{"digest":{"sha256":""},"name":"history"},{"digest":{"sha256":""},"name":"snapshot.json"},{"digest":{"sha256":""},"name":"receipt/"},{"digest":{"sha256":""},"name":"signers/SG1@1"},{"digest":{"sha256":""},"name":"plan/SG1@1"},{"digest":{"sha256":""},"name":"policy/SG2@1"},{"digest":{"sha256":""},"name":"approvals/ap-.json"}]}',
    '{"type":"APPROVE","approvalId":"ap-","approver":"","vouched":null,"signatureDigest":null,"counted":[],"policyDigest":"sha256:","osUser":"","operatorDeclared":"self","evidence":{"policy/SG1":"sha256:","signers/SG1":"sha256:"}}',
    '{"policyDigest":"sha256:","actorId":"","output":{"planDigest":"sha256:"},"ran":"simulate","type":"xstate.error.actor.","effectsAsked":{"":"write"},"evidence":{"plan/SG1":"sha256:","policy/SG1":"sha256:","receipt/":"sha256:"},"approvalUsed":"ap-","arrival":{"gate":"SG1","planDigest":"sha256:"},"outcome":"succeeded"}',
    '{"actorId":"","output":{},"ran":"execute","type":"xstate.done.actor."}',
  ].join(''),
)

/** Characters. Nearly all events are shorter. */
const SHORT = 4_000

/** Most texts are short, and zlib would allocate 270 KB for each. Inflating reads what either of these makes. */
const FOR_SHORT = { dictionary: DICTIONARY, windowBits: 12, memLevel: 4, chunkSize: 1_024 }
const FOR_LONG = { dictionary: DICTIONARY }
const TO_UNPACK = { dictionary: DICTIONARY, chunkSize: 2_048 }

/** The packed form of a text. */
export function packText(text: string): Uint8Array {
  const options = text.length < SHORT ? FOR_SHORT : FOR_LONG
  return Buffer.concat([FORM, deflateRawSync(text, options)])
}

/**
 * The text of a column that holds it packed, or as it is: a hand, or an earlier Cutter, may have written it.
 * @throws SyntaxError, as JSON does, when the bytes are not what `packText` makes
 */
export function unpackText(value: unknown): string {
  if (!(value instanceof Uint8Array)) return value as string
  if (value[0] !== FORM[0]) throw new SyntaxError('its packed form is not known')
  try {
    return inflateRawSync(value.subarray(1), value.byteLength < SHORT ? TO_UNPACK : FOR_LONG).toString()
  } catch (cause) {
    throw new SyntaxError(`its packed form is damaged: ${(cause as Error).message}`, { cause })
  }
}

/** Offers both directions to the SQL of a connection, as `packed(text)` and `unpacked(value)`. Null stays null. */
export function offerPackedTexts(db: Database): void {
  const options = { deterministic: true, directOnly: true }
  db.function('packed', options, (text: unknown) => (typeof text === 'string' ? packText(text) : text))
  db.function('unpacked', options, (value: unknown) => (value === null ? null : unpackText(value)))
}
