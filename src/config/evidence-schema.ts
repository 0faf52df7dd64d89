import { z } from 'zod'
import { parseNoteKey } from '../domain/signed-note.ts'

const webUrl = z.url({ protocol: /^https?$/, error: 'must be a URL of http or https' })

const witness = z.strictObject({
  /** The submission prefix of the witness. */
  url: webUrl,
  key: z
    .string()
    .refine(
      (text) => parseNoteKey(text)?.type === 'witness',
      'must be the key of an Ed25519 witness, as <name>+<id>+<base64>',
    ),
})

/** Who outside of this instance is asked to prove when something existed. Nobody, unless it is set. */
export const evidence = z.strictObject({
  /** A time-stamping authority of RFC 3161. */
  timestamp: z.strictObject({ url: webUrl }).optional(),
  /** The log of this instance's closeouts, and the C2SP witnesses that cosign it. */
  log: z
    .strictObject({
      origin: z
        .string()
        .regex(/^[^\s+\p{C}]+$/u, 'must be a name without blanks and "+", such as cutter.example.org/main'),
      witnesses: z.array(witness).min(1),
    })
    .optional(),
})

export type EvidenceConfig = z.infer<typeof evidence>
