import { basename } from 'node:path'
import type { Json } from '../domain/json.ts'
import type { Run } from '../domain/run.ts'
import { redactSecretForms } from '../secrets/patterns.ts'

/** Longest line, in characters. What is longer loses its middle, because the end of a path says which one it is. */
const MAX_LENGTH = 240

type Texts = (field: string) => string | null
type About = Pick<Run, 'machine' | 'input'> & Partial<Pick<Run, 'output'>>

/** What a run of a shipped machine is about, by its input, and by what it reports once it has read what the input names. */
const ABOUT: { [machine: string]: (of: Texts, reported: Texts) => string } = {
  cut: (of) => `${of('document')} into ${of('target')}`,
  deploy: (of) => `${nameOf(of('source'))} at ${of('commit')} to ${of('host')}:${of('path')}`,
  migrate: (of, reported) => `${reported('bundle') ?? nameOf(of('bundle'))} on ${of('target')}`,
  rollback: (of) => (of('to') === null ? `back from ${of('run')}` : `${of('run')} to ${of('to')}`),
  adopt: (of) => `a release by ${nameOf(of('bundle'))}`,
  teardown: (of) => `rehearsal databases of ${of('run')}`,
}

/**
 * What a run is about, as one line for lists: what it changes, and where. For a machine of a user's own these are the texts and numbers of its
 * input, as they are given.
 */
export function aboutRun({ machine, input, output }: About): string {
  const line = Object.hasOwn(ABOUT, machine)
    ? ABOUT[machine]!(textsOf(input), textsOf(output))
    : listedInput(input as { [field: string]: Json })
  return redactSecretForms(withoutMiddle(line))
}

function textsOf(facts: unknown): Texts {
  const given = (facts ?? {}) as { [field: string]: Json }
  return (field) => (typeof given[field] === 'string' ? given[field] : null)
}

function withoutMiddle(line: string): string {
  if (line.length <= MAX_LENGTH) return line
  const half = MAX_LENGTH / 2
  return `${line.slice(0, half)}…${line.slice(line.length - half + 1)}`
}

const nameOf = (path: string | null) => basename(path ?? '')

const listedInput = (input: { [field: string]: Json }) =>
  Object.entries(input)
    .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
    .map(([field, value]) => `${field} ${value}`)
    .join(', ')
