import { z } from 'zod'
import { canonicalJson } from '../domain/json.ts'
import type { RecordedApproval } from './run-record.ts'
import type { Files } from './tar.ts'

/**
 * Files that a bundle may hold from format 2 on in addition to what its record gives. Each is bound to a path and a shape. A version of
 * Cutter that does not check their content says so in a note, and never counts them.
 */
interface OptionalPart {
  /** Name for people, singular. */
  name: string
  path: RegExp
  /** Whether the bytes can be such a part; `approvalId` is what the path names, where it names one. */
  fits(bytes: Uint8Array): boolean
}

/** What an approval says of the security key that signed it; every value also stands in its signature. */
const securityKeyNote = z.strictObject({
  /** The application of the key: for WebAuthn the RP id. */
  application: z.string(),
  /** The flag byte of the signature: 1 user present, 4 user verified. */
  flags: z.int().min(0).max(255),
  counter: z.int().min(0),
  /** The web origin of a WebAuthn signature; null for a signature that `ssh-keygen` made. */
  origin: z.string().nullable(),
})

const PARTS: OptionalPart[] = [
  {
    // RFC 3161, a TimeStampResp in DER, which begins with a SEQUENCE.
    name: 'time token',
    path: /^times\/(?:(ap-[0-9a-f]{32})|closeout)\.tsr$/,
    fits: (bytes) => bytes[0] === 0x30,
  },
  {
    // C2SP tlog-cosignature, a signed note: text whose signature lines begin with an em dash.
    name: 'witness cosignature',
    path: /^witnesses\/[A-Za-z0-9%_][A-Za-z0-9%@._+-]*\.txt$/,
    fits: (bytes) => isText(bytes) && /\n\u2014 \S+ \S+\n$/.test(textOf(bytes)),
  },
  {
    name: 'security key note',
    path: /^keys\/(ap-[0-9a-f]{32})\.json$/,
    fits: (bytes) => isText(bytes) && isSecurityKeyNote(textOf(bytes)),
  },
  { name: 'HTML page', path: /^report\.html$/, fits: isText },
]

/** The optional parts among the files of a bundle, or the path of one whose content does not fit. */
export function findOptionalParts(
  files: Files,
  approvals: RecordedApproval[],
): { parts: Files } | { misfit: string } {
  const parts: Files = new Map()
  for (const [path, bytes] of files) {
    const part = PARTS.find((one) => one.path.test(path))
    if (part === undefined) continue
    const [, approvalId] = part.path.exec(path)!
    // A part of an approval that is not in the bundle belongs to nothing: the check of files refuses it.
    if (approvalId !== undefined && !approvals.some((one) => one.approvalId === approvalId)) continue
    if (!part.fits(bytes)) return { misfit: path }
    parts.set(path, bytes)
  }
  return { parts }
}

/** A sentence for each kind of optional part that a bundle holds and nobody checked. `checked`: the paths of those that were. */
export function uncheckedPartNotes(parts: Files, checked: string[] = []): string[] {
  return PARTS.flatMap(({ name, path }) => {
    const count = [...parts.keys()].filter((one) => path.test(one) && !checked.includes(one)).length
    if (count === 0) return []
    return [
      `the bundle holds ${count} ${name}${count === 1 ? '' : 's'}, which this version of Cutter does not check`,
    ]
  })
}

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8')
function isText(bytes: Uint8Array): boolean {
  return Buffer.from(textOf(bytes)).equals(Buffer.from(bytes))
}

function isSecurityKeyNote(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return securityKeyNote.safeParse(value).success && canonicalJson(value) === text
  } catch {
    return false
  }
}
