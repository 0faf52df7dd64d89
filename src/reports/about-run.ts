import { basename } from 'node:path'
import type { Json } from '../domain/json.ts'
import type { Run } from '../domain/run.ts'
import { redactSecretForms } from '../secrets/patterns.ts'

/** Longest line, in characters. */
const MAX_LENGTH = 120

type Texts = (field: string) => string | null

/** What a run of a shipped machine is about, by its input. */
const ABOUT: { [machine: string]: (of: Texts) => string } = {
  cut: (of) => `${of('document')} into ${of('target')}`,
  deploy: (of) => `${nameOf(of('source'))} at ${of('commit')} to ${of('host')}:${of('path')}`,
  migrate: (of) => `${nameOf(of('bundle'))} on ${of('target')}`,
  rollback: (of) => (of('to') === null ? `back from ${of('run')}` : `${of('run')} to ${of('to')}`),
  teardown: (of) => `rehearsal databases of ${of('run')}`,
}

/**
 * What a run is about, as one line for lists: what it changes, and where. For a machine of a user's own these are the texts and numbers of its
 * input, as they are given.
 */
export function aboutRun({ machine, input }: Pick<Run, 'machine' | 'input'>): string {
  const given = input as { [field: string]: Json }
  const text: Texts = (field) => (typeof given[field] === 'string' ? given[field] : null)
  const line = Object.hasOwn(ABOUT, machine) ? ABOUT[machine]!(text) : listedInput(given)
  return redactSecretForms(line.length <= MAX_LENGTH ? line : `${line.slice(0, MAX_LENGTH - 1)}…`)
}

const nameOf = (path: string | null) => basename(path ?? '')

const listedInput = (input: { [field: string]: Json }) =>
  Object.entries(input)
    .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
    .map(([field, value]) => `${field} ${value}`)
    .join(', ')
