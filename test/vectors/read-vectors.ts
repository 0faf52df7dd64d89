import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { findRequiredGates } from '../../src/builtin/required-gates.ts'
import { verifyBundle } from '../../src/bundle/verify-bundle.ts'
import { exitOfVerdict } from '../../src/cli/exit-codes.ts'

/** One bundle with the files and options of a checker, and the answer of every verifier. Files are named from this folder. */
export interface Vector {
  name: string
  file: string
  signers?: string
  revoked?: string
  args: string[]
  answer: Answer
}

/** A bundle of which a vector is made. */
export interface VectorCase {
  name: string
  tar: Buffer
  signers?: string
  revoked?: string
  args?: string[]
}

/** Puts a file of a checker next to the vectors, once. */
export function shared(name: string, text: string): string {
  writeFileSync(pathOf(name), text)
  return name
}

/** What verifiers must agree on. `fault` is the code of `cutter verify`, for people. */
interface Answer {
  holds: boolean
  outcome: string | null
  exit: number
  fault: string | null
}

export const vectors = (): Vector[] => JSON.parse(readFileSync(pathOf('vectors.json'), 'utf8')) as Vector[]

export const pathOf = (file: string) => join(import.meta.dirname, file)

export const tarOfVector = ({ file }: Pick<Vector, 'file'>): Buffer => gunzipSync(readFileSync(pathOf(file)))

/** The answer of our own verifier. */
export async function answerOf({
  file,
  signers,
  revoked,
  args,
}: Omit<Vector, 'name' | 'answer'>): Promise<Answer> {
  const listAfter = (option: string) => args[args.indexOf(option) + 1]!.split(',')
  const { holds, outcome, unmet, firstFault } = await verifyBundle(tarOfVector({ file }), {
    trust: {
      signers: signers === undefined ? null : pathOf(signers),
      revoked: revoked === undefined ? null : pathOf(revoked),
    },
    requirements: {
      gates: args.includes('--require') ? listAfter('--require') : [],
      trusted: args.includes('--require-trusted'),
      origins: args.includes('--origins') ? listAfter('--origins') : null,
    },
    findRequiredGates,
  })
  const how = { withSigners: signers !== undefined, integrityOnly: args.includes('--integrity-only') }
  const exit = exitOfVerdict({ holds, unmet }, how)
  return { holds, outcome: holds ? outcome : null, exit, fault: firstFault?.code ?? null }
}
